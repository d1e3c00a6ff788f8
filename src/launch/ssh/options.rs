//! The options of the launcher `ssh`.

use serde_json::{Map, Value};

use crate::types::args::{ArgError, ArgReader, Args, PathSegment, describe};
use crate::types::ids::MAX_SLOTS;

const HOSTS: &str = "hosts";
const SSH_OPTIONS: &str = "ssh_options";

/// The names of the options.
pub const NAMES: [&str; 2] = [HOSTS, SSH_OPTIONS];

/// The hosts and how they are reached.
#[derive(Clone, PartialEq, Debug)]
pub struct SshOptions {
    /// At least one, with different names.
    pub hosts: Vec<HostOptions>,
    /// Further arguments of ssh.
    pub ssh_options: Vec<String>,
    given: Map<String, Value>,
}

/// A host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostOptions {
    /// As ssh takes it: a name, an alias of ssh's configuration or `user@name`.
    pub name: String,
    /// The devices of each slot, as in `CUDA_VISIBLE_DEVICES`; empty if none are assigned.
    pub slots: Vec<String>,
}

impl SshOptions {
    /// Reads the options of the matrix or the command line.
    pub fn read(args: &Args) -> Result<SshOptions, Vec<ArgError>> {
        let mut reader = args.reader();
        let hosts = match reader.raw(HOSTS) {
            Some(Value::Array(items)) if !items.is_empty() => hosts(&mut reader, items),
            found => {
                let found = found.map(describe).unwrap_or_else(|| "nothing".to_owned());
                let hint = Some("for example hosts: [{name: a, slots: 2, gpus: [0, 1]}, b]".to_owned());
                let path = if found == "nothing" { Vec::new() } else { vec![PathSegment::Key(HOSTS.to_owned())] };
                reader.error_at(path, format!("the launcher `ssh` needs a list of `hosts`, found {found}"), hint);
                Vec::new()
            }
        };
        let ssh_options = match reader.raw(SSH_OPTIONS) {
            None => Vec::new(),
            Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
                items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            Some(_) => {
                reader.error(SSH_OPTIONS, "`ssh_options` must be a list of arguments of ssh, each a text");
                Vec::new()
            }
        };
        let slots: usize = hosts.iter().map(|host: &HostOptions| host.slots.len()).sum();
        reader.check(
            slots <= MAX_SLOTS as usize,
            HOSTS,
            format!("the hosts have more than {MAX_SLOTS} slots in total"),
        );
        let given = NAMES.iter().filter_map(|name| Some(((*name).to_owned(), args.get(name)?.clone()))).collect();
        reader.finish(|| Some(SshOptions { hosts, ssh_options, given }))
    }

    /// The options as the journal records them.
    pub fn to_json(&self) -> Map<String, Value> {
        self.given.clone()
    }

    /// The number of slots of all hosts.
    pub fn slots(&self) -> u32 {
        let slots: usize = self.hosts.iter().map(|host| host.slots.len()).sum();
        u32::try_from(slots).unwrap_or(MAX_SLOTS)
    }
}

fn hosts(reader: &mut ArgReader<'_>, items: &[Value]) -> Vec<HostOptions> {
    let mut hosts: Vec<HostOptions> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let path = |field: Option<&str>| {
            let host = [PathSegment::Key(HOSTS.to_owned()), PathSegment::Index(at)];
            host.into_iter().chain(field.map(|field| PathSegment::Key(field.to_owned()))).collect::<Vec<_>>()
        };
        match host(item) {
            Ok(host) if hosts.iter().any(|other| other.name == host.name) => {
                let message = format!("duplicate host `{}`", host.name);
                let hint = Some("say with `slots` how many jobs it runs at once".to_owned());
                reader.error_at(path(None), message, hint);
            }
            Ok(host) => hosts.push(host),
            Err((field, message)) => reader.error_at(path(field.as_deref()), message, None),
        }
    }
    hosts
}

/// A host, or the field with an error and what is wrong.
fn host(item: &Value) -> Result<HostOptions, (Option<String>, String)> {
    let fields = match item {
        Value::String(name) => Map::from_iter([("name".to_owned(), Value::String(name.clone()))]),
        Value::Object(fields) => fields.clone(),
        other => return Err((None, format!("a host must be a name or a mapping, found {}", describe(other)))),
    };
    if let Some(unknown) = fields.keys().find(|name| !["name", "slots", "gpus"].contains(&name.as_str())) {
        let message = format!("a host has no field `{unknown}`; its fields are `name`, `slots` and `gpus`");
        return Err((Some(unknown.clone()), message));
    }
    let is_name = |name: &&str| !name.is_empty() && !name.starts_with('-') && !name.contains(char::is_whitespace);
    let Some(name) = fields.get("name").and_then(Value::as_str).filter(is_name) else {
        let field = fields.contains_key("name").then(|| "name".to_owned());
        return Err((field, "a host needs a `name` without blanks, as ssh takes it".to_owned()));
    };
    let gpus: Vec<String> =
        match fields.get("gpus") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(gpus)) => gpus.iter().map(gpu).collect::<Option<_>>().ok_or_else(|| {
                (Some("gpus".to_owned()), "`gpus` must be a list of numbers or names of GPUs".to_owned())
            })?,
            Some(other) => {
                let message = format!("`gpus` must be a list such as [0, 1], found {}", describe(other));
                return Err((Some("gpus".to_owned()), message));
            }
        };
    if let Some((_, twice)) = gpus.iter().enumerate().find(|(at, gpu)| gpus[..*at].contains(gpu)) {
        return Err((Some("gpus".to_owned()), format!("`gpus` names {twice} twice")));
    }
    let slots = match fields.get("slots") {
        None | Some(Value::Null) => gpus.len().max(1),
        Some(slots) => {
            let count = slots.as_u64().filter(|slots| (1..=u64::from(MAX_SLOTS)).contains(slots));
            let message =
                || (Some("slots".to_owned()), format!("`slots` must be a whole number from 1 to {MAX_SLOTS}"));
            usize::try_from(count.ok_or_else(message)?).unwrap_or(1)
        }
    };
    if !gpus.len().is_multiple_of(slots) {
        let message =
            format!("{} GPUs cannot be divided among {slots} slots; each slot gets as many as the others", gpus.len());
        return Err((Some("gpus".to_owned()), message));
    }
    let share = gpus.len() / slots;
    let devices = (0..slots).map(|slot| gpus[slot * share..(slot + 1) * share].join(",")).collect();
    Ok(HostOptions { name: name.to_owned(), slots: devices })
}

fn gpu(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => number.as_u64().map(|number| number.to_string()),
        Value::String(name) if !name.is_empty() && !name.contains(',') => Some(name.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(options: Value) -> Result<SshOptions, Vec<String>> {
        let args = options.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        SshOptions::read(&args).map_err(|errors| errors.into_iter().map(|error| error.message).collect())
    }

    #[test]
    fn each_gpu_of_a_host_is_given_to_one_slot() {
        let options = read(
            json!({"hosts": ["a", {"name": "b", "slots": 2, "gpus": [0, 1, 2, "GPU-x"]}, {"name": "c", "gpus": [0, 1]}]}),
        );
        let options = options.unwrap();
        let slots: Vec<Vec<String>> = options.hosts.iter().map(|host| host.slots.clone()).collect();
        assert_eq!(slots, [vec![""], vec!["0,1", "2,GPU-x"], vec!["0", "1"]]);
        assert_eq!(options.slots(), 5);
    }

    #[test]
    fn invalid_hosts_are_errors() {
        let error = |host: Value| read(json!({"hosts": [host]})).unwrap_err().remove(0);
        assert_eq!(read(json!({})).unwrap_err(), ["the launcher `ssh` needs a list of `hosts`, found nothing"]);
        assert_eq!(error(json!(3)), "a host must be a name or a mapping, found the number 3");
        assert_eq!(error(json!({"slots": 1})), "a host needs a `name` without blanks, as ssh takes it");
        assert_eq!(error(json!("-oProxyCommand=x")), "a host needs a `name` without blanks, as ssh takes it");
        assert_eq!(
            error(json!({"name": "a", "slot": 1})),
            "a host has no field `slot`; its fields are `name`, `slots` and `gpus`"
        );
        assert_eq!(error(json!({"name": "a", "slots": 0})), "`slots` must be a whole number from 1 to 1024");
        assert!(
            error(json!({"name": "a", "slots": 3, "gpus": [0, 1]}))
                .starts_with("2 GPUs cannot be divided among 3 slots")
        );
        assert_eq!(error(json!({"name": "a", "gpus": [0, 0]})), "`gpus` names 0 twice");
        assert_eq!(read(json!({"hosts": ["a", {"name": "a"}]})).unwrap_err(), ["duplicate host `a`"]);
    }
}
