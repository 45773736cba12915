//! What is written for a shell, and what a shell makes of it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use chrono::TimeDelta;
use proptest::prelude::*;
use simian_faults::{Answer, Fault, Held, KINDS, Verb, Word};

fn held() -> Held {
    Held::new("example", TimeDelta::minutes(10), TimeDelta::minutes(20)).unwrap()
}

fn script(name: &str, parameters: &[(&str, &str)], verb: Option<Verb>) -> String {
    Fault::example(name, parameters.iter().copied()).unwrap_or_else(|error| panic!("{error}")).script(&held(), verb)
}

/// What a shell says when that text is its input: its exit code and its output.
fn run(shell: &[&str], text: &str) -> (Option<i32>, String) {
    let mut child = Command::new(shell[0])
        .args(&shell[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{shell:?}: {error}"));
    // A shell that ends early reads no further.
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said)
}

/// What a kind must be given beside one of its keys.
fn beside(kind: &str) -> &'static [(&'static str, &'static str)] {
    match kind {
        "blackhole" => &[("to", "10.0.0.0/8"), ("region", "eu-west-1")],
        "latency" => &[("jitter", "50ms")],
        _ => &[],
    }
}

#[test]
fn every_kind_can_be_shown_as_it_is() {
    for kind in KINDS {
        assert!(Fault::example(kind.name, []).is_ok(), "{}", kind.name);
    }
}

#[test]
fn every_kind_is_sound_in_every_shell() {
    for kind in KINDS {
        let parameters = match kind.name {
            "kill-process" | "pause-process" => &[("name", "it's *a* $(name)")][..],
            name => beside(name),
        };
        let script = script(kind.name, parameters, Some(Verb::Status));
        assert!(script.is_ascii(), "{}", kind.name);
        for shell in [&["sh", "-n"][..], &["bash", "--posix", "-n"]] {
            assert_eq!(run(shell, &script), (Some(0), String::new()), "{} in {shell:?}", kind.name);
        }
        // An agent takes commands up to a size, and this one carries all that it needs. Source: Systems Manager API,
        // `SendCommand`: 64 KB of parameters.
        assert!(script.len() < 40_000, "{}: {} bytes", kind.name, script.len());
    }
}

#[test]
fn kinds_have_names_of_their_own_and_keys_with_examples() {
    for (place, kind) in KINDS.iter().enumerate() {
        assert!(KINDS[..place].iter().all(|other| other.name != kind.name), "{}", kind.name);
        for key in kind.keys {
            let beside = beside(kind.name).iter().copied().filter(|(name, _)| *name != key.name);
            let read = Fault::example(kind.name, beside.chain([(key.name, key.example)]));
            assert!(read.is_ok(), "{} {}: {read:?}", kind.name, key.name);
        }
    }
}

#[test]
fn without_a_verb_it_says_how_it_is_used() {
    let (code, said) = run(&["sh"], &script("burn-cpu", &[], None));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("preflight | apply | status | renew | undo"), "{said}");
}

#[test]
fn mistakes_name_the_parameter_and_the_remedy() {
    for (name, parameters, expected) in [
        ("burn", &[][..], "`burn` is no fault; there are: "),
        ("burn-cpu", &[("cores", "2")], "burn-cpu: `cores` is no parameter of it; there are: share"),
        ("burn-cpu", &[("share", "0.2"), ("share", "0.3")], "burn-cpu: `share` is there twice: leave one of them out"),
        (
            "burn-cpu",
            &[("share", "2")],
            "burn-cpu: share = `2`: write a share as in 0.3 or 30%: more than 0 and at most all of it",
        ),
        ("fill-disk", &[], "fill-disk: `path` is missing: write it as in path=/var/tmp"),
        (
            "fill-disk",
            &[("path", "/"), ("floor", "1MiB")],
            "fill-disk: floor = `1MiB`: logs and the agent need 256MiB at least",
        ),
        ("kill-process", &[], "kill-process: `name` is missing: write it as in name=nginx"),
        ("kill-process", &[("name", "**"), ("command", "*")], "kill-process: it would be about every process: "),
        (
            "kill-process",
            &[("name", "a"), ("signal", "STOP")],
            "kill-process: signal = `STOP`: write one of KILL, TERM, ",
        ),
        ("clock-skew", &[("by", "10m")], "clock-skew: by = `10m`: write how far with its sign, as in +10m or -30s"),
    ] {
        let error = Fault::read(name, parameters.iter().copied()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_fault_is_held_for_a_while_and_never_long() {
    let minutes = TimeDelta::minutes;
    assert!(Held::new("a-1", minutes(1), minutes(1)).is_ok());
    for bad in ["", "-a", "A", "a b", "a/b", "a'b", &"a".repeat(49)] {
        assert!(Held::new(bad, minutes(1), minutes(2)).is_err(), "{bad}");
    }
    for (lasts, cap) in [(0, 1), (2, 1), (60, 60 * 13)] {
        assert!(Held::new("a", minutes(lasts), minutes(cap)).is_err(), "{lasts} {cap}");
    }
}

#[test]
fn the_last_answer_counts() {
    let read = |text: &str| text.parse::<Answer>();
    let answer = |word, why: Option<&str>| Ok(Answer { word, why: why.map(str::to_owned) });
    assert_eq!(read("simian-fault: ready\n"), answer(Word::Ready, None));
    assert_eq!(
        read("noise\nsimian-fault: ready\nsimian-fault: refused: no tc: x\n"),
        answer(Word::Refused, Some("no tc: x"))
    );
    for bad in ["", "ready", "simian-fault: fine", "  simian-fault: ready"] {
        assert!(read(bad).is_err(), "{bad}");
    }
    for word in [Word::Ready, Word::Refused, Word::Beginning, Word::Applied, Word::Absent, Word::Damaged, Word::Failed]
    {
        assert_eq!(read(&format!("simian-fault: {word}")), answer(word, None));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a parameter says, the shell sees it as one text.
    #[test]
    fn no_text_gets_out_of_its_quotes(text in "[^\\x00-\\x1f\\x7f-\\u{9f}\\[\\]\\\\]{1,60}") {
        prop_assume!(!text.trim().is_empty());
        let script = script("kill-process", &[("command", &text)], None);
        let line = script.lines().find(|line| line.starts_with("by_command=")).unwrap();
        let (code, said) = run(&["sh"], &format!("{line}\nprintf '<%s>' \"$by_command\"\n"));
        prop_assert_eq!((code, said), (Some(0), format!("<{}>", text.trim())));
    }
}
