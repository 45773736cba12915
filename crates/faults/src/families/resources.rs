//! What a guest has too little of: processor, input and output, disk, memory.

use crate::kind::Kind;
use crate::parameters::{Given, Key, ParameterError};
use crate::script::Assignments;
use crate::value;

pub(super) static BURN_CPU: Kind = Kind {
    name: "burn-cpu",
    about: "keeps a share of every processor busy",
    keys: &[Key::optional("share", "0.8", "how much of every processor; default 0.8")],
    tools: &["systemd-run", "nproc", "yes"],
    is_grave: false,
    shell: include_str!("../shell/burn_cpu.sh"),
    read: burn_cpu,
};

fn burn_cpu(given: &mut Given) -> Result<Assignments, ParameterError> {
    let share = given.optional("share", value::share)?.unwrap_or(80_000);
    Ok(vec![("share_m", share.to_string())])
}
