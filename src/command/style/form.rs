//! How a value is written as an argument.

/// How a boolean is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Booleans {
    /// `--amp=true`
    #[default]
    Lowercase,
    /// `--amp=True`
    Python,
    /// `--amp=1`
    Number,
    /// `--amp=true` or `--amp=`: Python's `bool("")` is false, that of any other text true.
    Empty,
    /// `--amp`, or nothing
    Flag,
    /// `--amp` or `--no-amp`
    NoFlag,
}

impl Booleans {
    /// The values of `booleans`.
    pub const NAMES: [(&'static str, Booleans); 6] = [
        ("true", Booleans::Lowercase),
        ("True", Booleans::Python),
        ("1", Booleans::Number),
        ("empty", Booleans::Empty),
        ("flag", Booleans::Flag),
        ("no-flag", Booleans::NoFlag),
    ];
}

/// How a list is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lists {
    /// `--layers=[64,32]`
    #[default]
    Json,
    /// `--layers 64 32`
    Words,
    /// `--layers=64 --layers=32`
    Repeat,
    /// `--layers=64,32`
    Commas,
}

impl Lists {
    /// The values of `lists`.
    pub const NAMES: [(&'static str, Lists); 4] =
        [("json", Lists::Json), ("words", Lists::Words), ("repeat", Lists::Repeat), ("commas", Lists::Commas)];
}

/// How null is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NullForm {
    /// Not at all: the program uses its default.
    Omit,
    /// As this word, such as `None`.
    Word(String),
}

/// How the name of a parameter becomes that of an argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameForm {
    /// As it is.
    Same,
    /// With `-` for `_`: `--batch-size` for `batch_size`.
    Dashes,
}

impl NameForm {
    /// The values of `names`.
    pub const NAMES: [(&'static str, NameForm); 2] = [("same", NameForm::Same), ("dashes", NameForm::Dashes)];
}

/// How the values of one parameter or of all are written; `None` where not given.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ValueForm {
    /// How booleans are written.
    pub booleans: Option<Booleans>,
    /// How lists are written.
    pub lists: Option<Lists>,
    /// How null is written.
    pub null: Option<NullForm>,
    /// How names are derived from those of parameters.
    pub names: Option<NameForm>,
    /// The name of the argument; only for one parameter.
    pub name: Option<String>,
}

impl ValueForm {
    /// This form, completed by `general`.
    pub fn or(&self, general: &ValueForm) -> ValueForm {
        ValueForm {
            booleans: self.booleans.or(general.booleans),
            lists: self.lists.or(general.lists),
            null: self.null.clone().or_else(|| general.null.clone()),
            names: self.names.or(general.names),
            name: self.name.clone(),
        }
    }

    /// This form with all defaults written out, to compare two of them.
    pub fn effective(&self) -> ValueForm {
        ValueForm {
            booleans: Some(self.booleans.unwrap_or_default()),
            lists: Some(self.lists.unwrap_or_default()),
            null: self.null.clone(),
            names: Some(self.names.unwrap_or(NameForm::Same)),
            name: self.name.clone(),
        }
    }
}
