//! `simian man`: manual pages, made of the words of the help. A page a verb, and one for the whole.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::{CONFIG, Cli};
use crate::exit::{Exit, Failure};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder, made if it is not there, for all the pages; without it the main page goes to standard output
    dir: Option<PathBuf>,
}

/// What a page says of the world around us: a name and a sentence each.
const FILES: [(&str, &str); 3] = [
    (CONFIG, "The config, unless --config or SIMIAN_CONFIG names another."),
    ("/var/lib/simian/ledger.db", "The ledger, where the shipped config has it ([ledger] path)."),
    ("/run/simian/control.sock", "The daemon's socket, where the shipped config has it ([control] socket)."),
];

const ENVIRONMENT: [(&str, &str); 5] = [
    ("SIMIAN_CONFIG", "The config file; --config goes before it. No key of the config is read from the environment."),
    ("STATE_DIRECTORY", "Where relative paths of the config start; systemd sets it."),
    ("RUST_LOG", "How much is logged to standard error, such as debug or simian=debug."),
    ("NO_COLOR", "Set to anything, it keeps colours away."),
    ("AWS_PROFILE, AWS_REGION and the like", "Credentials, as the AWS SDKs take them."),
];

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let pages = pages();
    match &args.dir {
        None => {
            let main = pages.iter().find(|page| page.name == "simian.1");
            super::print(main.map_or("", |page| page.text.trim_end()))?;
        }
        Some(dir) => {
            write(dir, &pages).map_err(|error| {
                let why = format!("cannot write the pages into {}: {error}; name a folder of yours", dir.display());
                Failure::say(Exit::Usage, why)
            })?;
            super::print(&format!("{} pages are in {}", pages.len(), dir.display()))?;
        }
    }
    Ok(Exit::Done)
}

fn write(dir: &Path, pages: &[Page]) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    pages.iter().try_for_each(|page| std::fs::write(dir.join(&page.name), &page.text))
}

/// One page: its file and its text in roff.
struct Page {
    name: String,
    text: String,
}

fn pages() -> Vec<Page> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let mut commands = Vec::new();
    collect(&root, &mut commands);
    let names: Vec<String> = commands.iter().map(|command| name_of(command)).collect();
    commands.iter().map(|command| page(command, &names)).collect()
}

fn collect<'c>(command: &'c Command, into: &mut Vec<&'c Command>) {
    into.push(command);
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        collect(verb, into);
    }
}

/// `simian-audit-list`
fn name_of(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn page(command: &Command, names: &[String]) -> Page {
    let name = name_of(command);
    let man = Man::new(command.clone()).title(&name).source(format!("simian {}", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    // Into memory: only a disk can fail.
    let _ = man
        .render_title(&mut text)
        .and_then(|()| man.render_name_section(&mut text))
        .and_then(|()| man.render_synopsis_section(&mut text))
        .and_then(|()| man.render_description_section(&mut text))
        .and_then(|()| man.render_options_section(&mut text))
        .and_then(|()| {
            let verbs = command.has_subcommands();
            if verbs { man.render_subcommands_section(&mut text) } else { Ok(()) }
        })
        .and_then(|()| surroundings(&name, names).to_writer(&mut text));
    Page { name: format!("{name}.1"), text: String::from_utf8_lossy(&text).into_owned() }
}

/// The sections that are not about one verb's options.
fn surroundings(name: &str, names: &[String]) -> Roff {
    let mut roff = Roff::new();
    let mut section = |title: &str, items: &[(String, &str)]| {
        roff.control("SH", [title]);
        for (term, about) in items {
            roff.control("TP", []).text([bold(term.as_str())]).text([roman(*about)]);
        }
    };
    let owned = |items: &[(&str, &'static str)]| -> Vec<(String, &str)> {
        items.iter().map(|(term, about)| ((*term).to_owned(), *about)).collect()
    };
    let codes: Vec<(String, &str)> = Exit::ALL.iter().map(|exit| (exit.code().to_string(), exit.about())).collect();
    section("EXIT STATUS", &codes);
    section("FILES", &owned(&FILES));
    section("ENVIRONMENT", &owned(&ENVIRONMENT));
    roff.control("SH", ["SEE ALSO"]);
    let others: Vec<String> = names.iter().filter(|other| *other != name).map(|other| format!("{other}(1)")).collect();
    roff.text([roman(others.join(", "))]);
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_page_with_every_section() {
        let pages = pages();
        let names: Vec<&str> = pages.iter().map(|page| page.name.as_str()).collect();
        for name in ["simian.1", "simian-round.1", "simian-config-show.1", "simian-audit-verify.1"] {
            assert!(names.contains(&name), "{names:?}");
        }
        assert!(!names.iter().any(|name| name.contains("help")), "{names:?}");
        for page in &pages {
            for title in
                ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "FILES", "ENVIRONMENT", "SEE ALSO"]
            {
                let found = page.text.lines().filter(|line| line.trim_matches('"') == format!(".SH {title}"));
                let quoted = page.text.lines().filter(|line| *line == format!(".SH \"{title}\""));
                assert_eq!(found.count() + quoted.count(), 1, "{title} of {}:\n{}", page.name, page.text);
            }
            assert!(!page.text.contains(&format!("{}(1)", page.name.trim_end_matches(".1"))), "{}", page.name);
        }
    }
}
