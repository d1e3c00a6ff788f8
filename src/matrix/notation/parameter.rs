//! Reads a parameter: its name, and a kind with arguments or a value.

use super::condition::when;
use super::error::NotationError;
use super::pieces::Piece;
use super::value::{entry, read};
use crate::matrix::diagnostics::suggest::{nearest, quoted, suggestion};
use crate::matrix::yaml::node::{Content, Entry, Node, Span};
use crate::space::{Form, ParamKind, catalogue};

/// The hint for a text that is not of the form.
pub const FORM: &str = "write NAME=KIND(ARGUMENTS) or NAME=VALUE, as in 'lr=loguniform(1e-5, 1e-1)'";

/// The hint for constraints that are no YAML list: `[params['n'] < 9]` is invalid, and `[a * b < 9]` has an alias.
const CONSTRAINTS: &str = "quote each expression in the list, or write one without brackets: --set \"constraints=params['n-trees'] * depth <= 2000\"";

/// The arguments of every kind that varies.
const GUESS: [&str; 2] = ["guess", "confidence"];

/// Starts the condition of a parameter.
const IF: &str = " if ";

/// Reads `text` into an entry of `params`. Spans are positions in `text`.
///
/// # Errors
/// The first mistake in the notation. Arguments that the kind refuses are found when the entry is read.
pub fn parse(text: &str) -> Result<Entry, NotationError> {
    let whole = Piece { text, start: 0 };
    let Some(at) = text.find('=') else {
        return Err(NotationError::new(whole.span(), "missing `=` after the name of the parameter", Some(FORM)));
    };
    let (name, value) = (whole.slice(0, at).trimmed(), whole.slice(at + 1, text.len()).trimmed());
    if name.text.is_empty() {
        return Err(NotationError::new(0..at + 1, "missing name of the parameter", Some(FORM)));
    }
    if let Some(at) = name.text.find(['(', ')', '\'', '"', ',']) {
        let span = name.start + at..name.start + at + 1;
        return Err(NotationError::new(span, "the name of the parameter is not followed by `=`", Some(FORM)));
    }
    let node = match call_start(&value) {
        Some(open) => call(&value, open)?,
        None => constant(&value)?,
    };
    Ok(entry(name.text, name.span(), node))
}

/// Reads `KIND(ARGUMENTS)`, with a condition after it, as `{kind, value, when}`; `None` if the text is not of this form. Spans are
/// positions in `text`.
pub fn kind_with_arguments(text: &str) -> Option<Result<Node, NotationError>> {
    let whole = Piece { text, start: 0 }.trimmed();
    let open = call_start(&whole)?;
    catalogue::by_name(&whole.text[..open])?;
    let ends = [")".to_owned(), format!("){IF}")];
    let is_whole = whole.text.ends_with(&ends[0]) || whole.text.contains(&ends[1]) || !whole.text.contains(')');
    is_whole.then(|| call(&whole, open))
}

/// Reads `NAME=VALUE` into an entry. Spans are positions in `text`.
///
/// # Errors
/// The text is not of this form, or the value is invalid YAML.
pub fn named_value(text: &str) -> Result<Entry, NotationError> {
    let whole = Piece { text, start: 0 };
    let at = text.find('=').filter(|at| !text[..*at].trim().is_empty());
    let Some(at) = at else {
        let hint = "write NAME=VALUE, as in numRuns=20";
        return Err(NotationError::new(whole.span(), "missing NAME= before the value", Some(hint)));
    };
    let name = whole.slice(0, at).trimmed();
    let value = read(&whole.slice(at + 1, text.len()).trimmed()).map_err(|error| match name.text {
        "constraints" => NotationError { hint: Some(CONSTRAINTS.to_owned()), ..error },
        _ => error,
    })?;
    Ok(entry(name.text, name.span(), value))
}

/// The position of the bracket after a kind's name at the start of `piece`.
fn call_start(piece: &Piece<'_>) -> Option<usize> {
    let open = piece.text.find('(')?;
    let name = piece.text[..open].trim_end();
    let is_word = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    is_word.then_some(open)
}

/// Reads `KIND(ARGUMENTS)`, with a condition after it, as `{kind, value, when}`.
fn call(piece: &Piece<'_>, open: usize) -> Result<Node, NotationError> {
    let name = piece.slice(0, open).trimmed();
    let Some(kind) = catalogue::by_name(name.text) else {
        let hint = suggestion(name.text, catalogue::names());
        let message = format!("unknown parameter kind {}", quoted(name.text));
        return Err(NotationError { message, span: name.span(), hint });
    };
    let bracket = piece.slice(open, piece.text.len());
    let close = open + bracket.closing_bracket()?;
    let arguments = piece.slice(open + 1, close);
    let (pieces, guess) = split_guess(kind, &arguments)?;
    let value = Node { span: piece.slice(0, close + 1).span(), content: arguments_of(kind, &arguments, &pieces)? };
    let mut fields = vec![
        entry("kind", name.span(), Node { span: name.span(), content: Content::Text(name.text.to_owned()) }),
        entry("value", value.span.clone(), value),
    ];
    fields.extend(guess);
    fields.extend(condition(&piece.slice(close + 1, piece.text.len()))?);
    Ok(Node { span: piece.span(), content: Content::Map(fields) })
}

/// The field `when` of what follows the closing bracket.
fn condition(rest: &Piece<'_>) -> Result<Option<Entry>, NotationError> {
    let text = rest.trimmed();
    if text.text.is_empty() {
        return Ok(None);
    }
    match text.text.strip_prefix("if ") {
        Some(_) => {
            let after = text.slice(IF.len() - 1, text.text.len());
            Ok(Some(entry("when", text.span(), when(&after)?)))
        }
        None => Err(NotationError::new(text.span(), "unexpected text after `)`", Some(FORM))),
    }
}

/// Reads a value without a kind. A list stays unchanged; the reader of the matrix warns about it.
fn constant(piece: &Piece<'_>) -> Result<Node, NotationError> {
    let split = piece.find_outside(IF).map(|at| (piece.slice(0, at), piece.slice(at + IF.len(), piece.text.len())));
    let conditional = match split {
        Some((value, rest)) => match (when(&rest), read(&value.trimmed())?.content) {
            (Ok(when), _) => Some((value.trimmed(), when)),
            // Text may have the word `if`.
            (Err(_), Content::Text(_)) => None,
            (Err(error), _) => return Err(error),
        },
        None => None,
    };
    let (value, when) = conditional.map_or((piece.clone(), None), |(value, when)| (value, Some(when)));
    let node = read(&value)?;
    let is_bare = matches!(
        node.content,
        Content::Bool(_) | Content::Number(_) | Content::NotFinite(_) | Content::Text(_) | Content::List(_)
    );
    if is_bare && when.is_none() {
        return Ok(node);
    }
    let kind = Node { span: node.span.clone(), content: Content::Text("constant".to_owned()) };
    let mut fields = vec![entry("kind", kind.span.clone(), kind), entry("value", node.span.clone(), node)];
    fields.extend(when.map(|when| entry("when", when.span.clone(), when)));
    Ok(Node { span: piece.span(), content: Content::Map(fields) })
}

/// Splits `arguments` in brackets into the arguments of the kind and the fields `guess` and `confidence`. In a list of values, text
/// with such a beginning needs quotes.
fn split_guess<'t>(kind: &ParamKind, arguments: &Piece<'t>) -> Result<(Vec<Piece<'t>>, Vec<Entry>), NotationError> {
    let takes_any = matches!(kind.forms.last(), Some(Form::Whole) | None);
    let (mut own, mut fields): (Vec<Piece<'t>>, Vec<Entry>) = (Vec::new(), Vec::new());
    for piece in arguments.split_at_commas() {
        let at = piece.text.find('=').filter(|at| !takes_any && GUESS.contains(&piece.text[..*at].trim_end()));
        let Some(at) = at else {
            own.push(piece);
            continue;
        };
        let (name, value) = (piece.slice(0, at).trimmed(), piece.slice(at + 1, piece.text.len()).trimmed());
        if fields.iter().any(|field| field.key == name.text) {
            return Err(NotationError::new(name.span(), format!("`{}` is given twice", name.text), None));
        }
        fields.push(entry(name.text, name.span(), read(&value)?));
    }
    Ok((own, fields))
}

/// The field `value` for `arguments` in brackets, which are `pieces`.
fn arguments_of(kind: &ParamKind, arguments: &Piece<'_>, pieces: &[Piece<'_>]) -> Result<Content, NotationError> {
    match kind.forms.last() {
        Some(Form::Named { required, optional, .. }) => named(kind, &[*required, *optional].concat(), pieces),
        Some(Form::Items) => Ok(Content::List(pieces.iter().map(read).collect::<Result<Vec<Node>, _>>()?)),
        Some(Form::Whole) | None => match pieces {
            [one] => Ok(read(one)?.content),
            _ => {
                let message = format!("`{}` takes one value, found {}", kind.name, pieces.len());
                Err(NotationError::new(arguments.span(), message, Some("write a list in brackets: [a, b]")))
            }
        },
    }
}

/// A mapping of `names`, in their order or as `NAME=VALUE`.
fn named(kind: &ParamKind, names: &[&'static str], pieces: &[Piece<'_>]) -> Result<Content, NotationError> {
    let mut fields: Vec<Entry> = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let (name, name_span, value) = argument(kind, names, index, piece)?;
        if fields.iter().any(|field| field.key == name) {
            return Err(NotationError::new(name_span, format!("`{name}` is given twice"), None));
        }
        fields.push(entry(name, name_span, read(&value)?));
    }
    Ok(Content::Map(fields))
}

/// The name of the argument at `index`, where it is given or else its value, and its value.
fn argument<'t>(
    kind: &ParamKind,
    names: &[&'static str],
    index: usize,
    piece: &Piece<'t>,
) -> Result<(&'static str, Span, Piece<'t>), NotationError> {
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    let given = piece.text.find('=').filter(|at| is_word(piece.text[..*at].trim_end()));
    if let Some(at) = given {
        let (name, value) = (piece.slice(0, at).trimmed(), piece.slice(at + 1, piece.text.len()).trimmed());
        let Some(known) = names.iter().find(|known| **known == name.text) else {
            let message = format!("unknown argument {} of `{}`", quoted(name.text), kind.name);
            return Err(NotationError {
                message,
                span: name.span(),
                hint: suggestion(name.text, names.iter().copied().chain(nearest(name.text, GUESS))),
            });
        };
        return Ok((known, name.span(), value));
    }
    match names.get(index) {
        Some(name) => Ok((name, piece.span(), piece.clone())),
        None => {
            let message = format!("`{}` takes at most {} values ({})", kind.name, names.len(), names.join(", "));
            Err(NotationError::new(piece.span(), message, None))
        }
    }
}
