//! What a guest has too little of: processor, input and output, disk, memory.

use crate::kind::Kind;
use crate::parameters::{Given, Key, ParameterError};
use crate::value;

const DISK: &str = include_str!("../shell/disk.sh");

/// What stays free on a disk for logs and the agent, whatever was asked for, in MiB.
const FLOOR: u64 = 256;

pub(super) static BURN_CPU: Kind = Kind {
    name: "burn-cpu",
    about: "keeps a share of every processor busy",
    keys: &[Key::optional("share", "0.8", "how much of every processor; default 0.8")],
    tools: &["systemd-run", "nproc", "yes"],
    is_grave: false,
    shell: &[include_str!("../shell/burn_cpu.sh")],
    read: |given| {
        let share = given.optional("share", value::share)?.unwrap_or(80_000);
        Ok(vec![("share_m", share.to_string())])
    },
};

pub(super) static BURN_IO: Kind = Kind {
    name: "burn-io",
    about: "keeps a disk busy with writes, each of which is on the disk before the next begins",
    keys: &[
        Key::required("path", "/var/tmp", "a folder on that disk"),
        Key::optional("rate", "64MiB", "how much a second at most; so much stays written; default 64MiB"),
        FLOOR_KEY,
    ],
    tools: &["dd", "df"],
    is_grave: false,
    shell: &[DISK, include_str!("../shell/burn_io.sh")],
    read: |given| {
        let rate = given.optional("rate", value::mebibytes)?.unwrap_or(64);
        Ok(vec![
            ("path", given.required("path", value::folder)?),
            ("rate_mib", rate.to_string()),
            ("floor_mib", floor(given)?),
        ])
    },
};

pub(super) static FILL_DISK: Kind = Kind {
    name: "fill-disk",
    about: "takes room on a disk until a share of it is used",
    keys: &[
        Key::required("path", "/var/tmp", "a folder on that disk"),
        Key::optional("share", "0.95", "how much of it is used then; default 0.95"),
        FLOOR_KEY,
    ],
    tools: &["dd", "df", "fallocate, where the file system can set space aside"],
    is_grave: false,
    shell: &[DISK, include_str!("../shell/fill_disk.sh")],
    read: |given| {
        let share = given.optional("share", value::share)?.unwrap_or(95_000);
        Ok(vec![
            ("path", given.required("path", value::folder)?),
            ("share_m", share.to_string()),
            ("floor_mib", floor(given)?),
        ])
    },
};

const FLOOR_KEY: Key = Key::optional("floor", "256MiB", "what stays free in any case; default 256MiB, and not less");

fn floor(given: &mut Given) -> Result<String, ParameterError> {
    let at_least = |text: &str| {
        let mib = value::mebibytes(text)?;
        if mib < FLOOR { Err(format!("logs and the agent need {FLOOR}MiB at least")) } else { Ok(mib) }
    };
    Ok(given.optional("floor", at_least)?.unwrap_or(FLOOR).to_string())
}

pub(super) static FILL_MEMORY: Kind = Kind {
    name: "fill-memory",
    about: "takes memory until a share of it is used; when memory runs out, the kernel ends that first",
    keys: &[Key::optional("share", "0.9", "how much of it is used then; default 0.9")],
    tools: &["dd", "tail"],
    is_grave: false,
    shell: &[include_str!("../shell/fill_memory.sh")],
    read: |given| {
        let share = given.optional("share", value::share)?.unwrap_or(90_000);
        Ok(vec![("share_m", share.to_string())])
    },
};
