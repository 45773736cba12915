//! Processes that end or stand still.

use crate::kind::Kind;
use crate::parameters::{Given, Key, ParameterError};
use crate::script::Assignments;
use crate::value;

const PROCESSES: &str = include_str!("../shell/processes.sh");

/// The longest pattern, in characters.
const MAX_PATTERN: usize = 200;

/// What may be sent, by the names that POSIX gives them.
const SIGNALS: [&str; 8] = ["KILL", "TERM", "INT", "HUP", "QUIT", "ABRT", "USR1", "USR2"];

const NAME: Key = Key::required("name", "nginx", "its name, at most 15 characters; * and ? stand for any");
const COMMAND: Key =
    Key::optional("command", "*java*orders.jar*", "its whole command line besides; * and ? stand for any");

pub(super) static KILL_PROCESS: Kind = Kind {
    name: "kill-process",
    about: "sends a signal to processes, again and again while it lasts",
    keys: &[
        NAME,
        COMMAND,
        Key::optional("signal", "KILL", "KILL (default), TERM, INT, HUP, QUIT, ABRT, USR1 or USR2"),
        Key::optional("every", "5s", "how long after one time comes the next; default 5s"),
    ],
    tools: &["tr", "cut"],
    is_grave: false,
    shell: &[PROCESSES, include_str!("../shell/kill_process.sh")],
    read: |given| {
        let mut variables = meant(given)?;
        let signal = given.optional("signal", signal)?.unwrap_or("KILL");
        let every = given.optional("every", value::seconds)?.unwrap_or(5);
        variables.extend([("signal", signal.to_owned()), ("every_s", every.to_string())]);
        Ok(variables)
    },
};

pub(super) static PAUSE_PROCESS: Kind = Kind {
    name: "pause-process",
    about: "stops processes where they stand, and lets them go on at the end",
    keys: &[NAME, COMMAND],
    tools: &["tr", "cut"],
    is_grave: false,
    shell: &[PROCESSES, include_str!("../shell/pause_process.sh")],
    read: meant,
};

/// Which processes: by name, and by command line where that is said.
fn meant(given: &mut Given) -> Result<Assignments, ParameterError> {
    let (name, command) = (given.required("name", pattern)?, given.optional("command", pattern)?);
    let says_nothing = |pattern: &str| pattern.chars().all(|c| "*?".contains(c));
    if says_nothing(&name) && command.as_deref().is_none_or(says_nothing) {
        let why = "it would be about every process: say more of its `name`, or of its `command`";
        return Err(ParameterError::Together(why.into()));
    }
    Ok(vec![("by_name", name), ("by_command", command.unwrap_or_else(|| "*".into()))])
}

/// A pattern, in which `*` and `?` stand for any. Brackets and backslashes would mean something else to a shell.
fn pattern(text: &str) -> Result<String, String> {
    let plain = |c: char| !c.is_control() && !"[]\\".contains(c);
    if text.chars().count() > MAX_PATTERN || !text.chars().all(plain) {
        return Err(format!("write at most {MAX_PATTERN} characters, without brackets, backslashes and line ends"));
    }
    if text.is_empty() {
        return Err("it is empty".into());
    }
    Ok(text.to_owned())
}

fn signal(text: &str) -> Result<&'static str, String> {
    let name = text.strip_prefix("SIG").unwrap_or(text);
    let found = SIGNALS.into_iter().find(|signal| *signal == name);
    found.ok_or_else(|| format!("write one of {}", SIGNALS.join(", ")))
}
