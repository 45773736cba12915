//! What a shell and a pager make of us: completions that bash really loads, and pages that man really shows.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

fn simian(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_simian")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

/// What bash offers behind these words, the last of which is being written.
fn bash_completes(words: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("simian.bash");
    std::fs::write(&script, simian(&["completions", "bash"]).stdout).unwrap();
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
    let ask = format!(
        "source '{}'; COMP_WORDS=({}); COMP_CWORD={}; _simian simian '{last}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display(),
        quoted.join(" "),
        words.len() - 1,
    );
    let output = Command::new("bash").args(["--norc", "-c", &ask]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_verbs_and_values() {
    assert_eq!(bash_completes(&["simian", "expl"]), ["explain"]);
    assert_eq!(bash_completes(&["simian", "config", "sh"]), ["show"]);
    assert!(bash_completes(&["simian", "round", ""]).contains(&"chaos".to_owned()));
    let kinds = bash_completes(&["simian", "audit", "list", "--kind", "action.re"]);
    assert!(
        kinds.contains(&"action.rehearsed".to_owned()) && kinds.contains(&"action.refused".to_owned()),
        "{kinds:?}"
    );
    assert_eq!(bash_completes(&["simian", "report", "--format", "m"]), ["md"]);
}

#[test]
fn every_shell_gets_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = String::from_utf8(simian(&["completions", shell]).stdout).unwrap();
        assert!(script.contains("simian") && script.contains("explain"), "{shell}: {script}");
    }
}

/// Runs a page through a formatter of this machine; `None` where there is none.
fn formatted(program: &str, arguments: &[&str], page: &[u8]) -> Option<Output> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().ok()?;
    child.stdin.take().unwrap().write_all(page).unwrap();
    Some(child.wait_with_output().unwrap())
}

#[test]
fn a_formatter_takes_every_page() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    simian(&["man", pages.to_str().unwrap()]);
    let mut looked_at = 0;
    for page in std::fs::read_dir(&pages).unwrap() {
        let path = page.unwrap().path();
        let page = std::fs::read(&path).unwrap();
        looked_at += 1;
        if let Some(lint) = formatted("mandoc", &["-Tlint", "-Wwarning"], &page) {
            let said = String::from_utf8_lossy(&lint.stdout).into_owned();
            // Pages of a build have no date.
            let said: Vec<&str> = said.lines().filter(|line| !line.contains("missing date")).collect();
            assert!(said.is_empty(), "{}: {said:?}", path.display());
        }
        if let Some(shown) = formatted("groff", &["-man", "-Tutf8", "-ww", "-b", "-P-cbou"], &page) {
            assert!(shown.stderr.is_empty(), "{}: {}", path.display(), String::from_utf8_lossy(&shown.stderr));
            assert!(String::from_utf8_lossy(&shown.stdout).contains("EXIT STATUS"), "{}", path.display());
        }
    }
    assert!(looked_at > 10, "{looked_at} pages");
    let main = simian(&["man"]).stdout;
    assert_eq!(main, std::fs::read(pages.join("simian.1")).unwrap(), "the main page is the same on standard output");
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    for verb in [&["man"][..], &["completions", "bash"], &["help"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_simian"));
        let mut child = command.args(verb).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""), "{verb:?}");
    }
}
