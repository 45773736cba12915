//! Every mistake that is looked for, and what is said of it.

use insta::assert_snapshot;

use super::{SOUND, problems};

/// The sound one with other lines under `[hours]`.
fn with_hours(lines: &str) -> String {
    SOUND.replace("timezone = \"Europe/Berlin\"", lines)
}

/// The sound one with other lines under `[ledger]`.
fn with_ledger(lines: &str) -> String {
    SOUND.replace("kind = \"sqlite\"\npath = \"ledger.db\"", lines)
}

#[test]
fn unknown_keys_name_the_nearest() {
    let text = format!(
        "{SOUND}{}",
        "[monkeys.chaos]
maen_days = 4
[monkeys.lateny]
enabled = true
[budget]
per_unit_day = 1
[rails.detail]
enabled = true
[rails.mode]
enable = true
"
    );
    assert_snapshot!(problems(&text), @r"
    simian.toml:15:1: monkeys.chaos.maen_days: there is no such key: did you mean `mean_days`? There are: enabled, mode, cron, unit, regions_independent, mean_days, probability, min_days, faults, count, share, cap, grace, veto, mandatory_days, never_suffixes, except, only
    simian.toml:16:1: monkeys.lateny: there is no such key: did you mean `latency`? There are: chaos, latency, janitor, conformity
    simian.toml:18:1: budget: there is no such key: did you mean `budgets`? There are: mode, account, dice, hours, tags, opt_in, ledger, sinks, report, control, budgets, floors, rails, watch, faults, monkeys, prices
    simian.toml:20:1: rails.detail: there is no such key: remove it. There are: mode, paused, account, clock, hours, change_calendar, opted_in, veto, veto_window, ourselves, member, fault, healthy_floor, zone_floor, cool_down, recovered, breaker, candidates, budgets, reread, steady, target_health, able, replacement, alarms, outage, safety_lever
    simian.toml:23:1: rails.mode.enable: there is no such key: did you mean `enabled`? There are: enabled
    ");
}

#[test]
fn wrong_types() {
    let text = r#"mode = true
dice = "x"
account = "staging"
[hours]
timezone = 1
days = "mon"
holidays = [2026-12-24]
freeze = ["2026-12-24"]
[budgets]
concurrent = "many"
per_unit_day = -1
[floors]
healthy = 1.5
[watch]
every = 30
[monkeys.chaos]
enabled = "yes"
mean_days = "5"
cron = 15
"#;
    assert_snapshot!(problems(text), @r#"
    simian.toml:1:1: mode: found true: write a text in quotes
    simian.toml:2:1: dice: found the text "x": write a table, as in [dice]
    simian.toml:3:1: account: found the text "staging": write a list of tables, as in [[account]]
    simian.toml:5:1: hours.timezone: found the number 1: write a text in quotes
    simian.toml:6:1: hours.days: found the text "mon": write a list, as in ["…", "…"]
    simian.toml:7:13: hours.holidays[0]: found 2026-12-24 without quotes: write a date in quotes, as in "2026-12-24"
    simian.toml:8:11: hours.freeze[0]: found the text "2026-12-24": write a list of tables, as in [[hours.freeze]]
    simian.toml:10:1: budgets.concurrent: found the text "many": write a whole number, 0 or more, or "unlimited"
    simian.toml:11:1: budgets.per_unit_day: found the number -1: write a whole number, 0 or more, or "unlimited"
    simian.toml:13:1: floors.healthy: found the number 1.5: write a whole number, 0 or more
    simian.toml:15:1: watch.every: found the number 30: write a span of time in quotes, as in "90s" or "15m"
    simian.toml:17:1: monkeys.chaos.enabled: found the text "yes": write true or false
    simian.toml:18:1: monkeys.chaos.mean_days: found the text "5": write a number
    simian.toml:19:1: monkeys.chaos.cron: found the number 15: write a text in quotes
    "#);
}

#[test]
fn values_under_hours() {
    let text = with_hours(
        r#"timezone = "Europe/Berln"
days = ["mon", "Tuesday", "mon"]
open = "9:00"
close = "25:00"
holidays = ["us", "uk-scotlnd", "gb", "ics:", "ics:no/such.ics", "2026-02-30", "24.12.2026", "us", "uk", "uk-wales"]
freeze = [{ from = "2027-01-03", until = "2026-12-20" }, { from = "2026-12-20" }]"#,
    );
    assert_snapshot!(problems(&text), @r#"
    simian.toml:5:1: hours.timezone: `Europe/Berln` is no time zone of the IANA database: did you mean `Europe/Berlin`?
    simian.toml:6:16: hours.days[1]: `Tuesday` is no day of the week: write mon, tue, wed, thu, fri, sat or sun
    simian.toml:6:27: hours.days[2]: the text "mon" is there twice: remove one
    simian.toml:7:1: hours.open: `9:00` is not a time of day: write hours and minutes as in `09:00`, at most `24:00`
    simian.toml:8:1: hours.close: `25:00` is not a time of day: write hours and minutes as in `09:00`, at most `24:00`
    simian.toml:9:19: hours.holidays[1]: `uk-scotlnd` is no country whose holidays are known: did you mean `uk-scotland`? write one of us, uk, uk-england, uk-wales, uk-scotland, uk-northern-ireland, de, de-bb, de-be, de-bw, de-by, de-hb, de-he, de-hh, de-mv, de-ni, de-nw, de-rp, de-sh, de-sl, de-sn, de-st, de-th, a date as in "2026-12-24", or a calendar file as in "ics:holidays.ics"
    simian.toml:9:33: hours.holidays[2]: `gb` is no country whose holidays are known: write one of us, uk, uk-england, uk-wales, uk-scotland, uk-northern-ireland, de, de-bb, de-be, de-bw, de-by, de-hb, de-he, de-hh, de-mv, de-ni, de-nw, de-rp, de-sh, de-sl, de-sn, de-st, de-th, a date as in "2026-12-24", or a calendar file as in "ics:holidays.ics"
    simian.toml:9:39: hours.holidays[3]: `ics:` names no file: write one, as in "ics:holidays.ics"
    simian.toml:9:47: hours.holidays[4]: no/such.ics: there is no such calendar file: create it, or mend its path
    simian.toml:9:66: hours.holidays[5]: `2026-02-30` is no date: write one that exists, as in 2026-12-24
    simian.toml:9:80: hours.holidays[6]: `24.12.2026` is no date: write one that exists, as in 2026-12-24
    simian.toml:9:94: hours.holidays[7]: the text "us" is there twice: remove one
    simian.toml:9:106: hours.holidays[9]: the text "uk-wales" is there twice: remove one
    simian.toml:10:34: hours.freeze[0].until: the freeze from 2027-01-03 ends before it begins: swap its dates
    simian.toml:10:58: hours.freeze[1].until: it is missing: write it, as in until = "2027-01-03"
    "#);
}

#[test]
fn hours_that_never_open() {
    let text = with_hours("timezone = \"Europe/Berlin\"\nopen = \"15:00\"");
    assert_snapshot!(problems(&text), @"simian.toml:6:1: hours.open: hours from 15:00 to 15:00 never open: for the whole day open at `00:00` and close at `24:00`");
}

#[test]
fn hours_that_open_at_the_end() {
    let text = with_hours("timezone = \"Europe/Berlin\"\nopen = \"24:00\"");
    assert_snapshot!(problems(&text), @"simian.toml:6:1: hours.open: hours cannot open at `24:00`: write `00:00`");
}

#[test]
fn no_days() {
    let text = with_hours("timezone = \"Europe/Berlin\"\ndays = []");
    assert_snapshot!(problems(&text), @r#"simian.toml:6:1: hours.days: there is none, so nothing ever opens: name at least one, as in ["mon"]"#);
}

#[test]
fn chaos_values() {
    let text = format!(
        "{SOUND}{}",
        r#"[monkeys.chaos]
mean_days = 0.5
probability = 2
min_days = 0
cron = "0 0 30 feb *"
unit = "fleet"
faults = "explode=2"
grace = "5h"
"#
    );
    assert_snapshot!(problems(&text), @r"
    simian.toml:15:1: monkeys.chaos.mean_days: `0.5` is no mean: write a number of working days from 1 to 1000
    simian.toml:16:1: monkeys.chaos.probability: `2` is no daily probability: write a number from 0.001 to 1
    simian.toml:17:1: monkeys.chaos.min_days: `0` is no least gap: write a whole number of working days from 1 to 1000
    simian.toml:18:1: monkeys.chaos.cron: cron expression `0 0 30 feb *` never fires: write a day that its months have
    simian.toml:19:1: monkeys.chaos.unit: `fleet` is not known: write one of `cluster`, `asg`, `stack`, `app`
    simian.toml:20:1: monkeys.chaos.faults: `explode` is no action; there are: terminate, terminate-gracefully, reboot, spot-interruption, stop-start, isolate, detach-volumes, suspend-processes, deregister, standby, detach, latency, loss, corrupt, duplicate, reorder, bandwidth, blackhole, null-route, dns, burn-cpu, burn-io, fill-disk, fill-memory, kill-process, pause-process, clock-skew, kernel-panic
    simian.toml:21:1: monkeys.chaos.grace: a grace of `5h` is not between 1m and 4h
    ");
}

#[test]
fn who_may_be_chosen() {
    let text = format!(
        "{SOUND}{}",
        r#"[monkeys.chaos]
except = [
  { account = "prod*" },
  { why = "all of them" },
  { region = "EU", app = "", stack = "", detail = "db[12]" },
  { aap = "shop", why = 1 },
  "shop",
]
only = []
never_suffixes = ["-canary", ""]
"#
    );
    assert_snapshot!(problems(&text), @r#"
    simian.toml:16:5: monkeys.chaos.except[0].account: `prod*` matches no account: write its twelve digits, not its name, with * and ?
    simian.toml:17:3: monkeys.chaos.except[1].app: it says nothing of any group, so it would be about all: add account, region, app, stack or detail
    simian.toml:18:5: monkeys.chaos.except[2].region: `EU` matches no region: write it as in `us-east-1` or `eu-*`
    simian.toml:18:20: monkeys.chaos.except[2].app: every group has an app: write one as in `shop` or `shop*`, or leave the key out
    simian.toml:18:42: monkeys.chaos.except[2].detail: `db[12]`: `[` means nothing here: only * (any text) and ? (one character) do
    simian.toml:19:5: monkeys.chaos.except[3].aap: there is no such key: did you mean `app`? There are: account, region, app, stack, detail, why
    simian.toml:19:19: monkeys.chaos.except[3].why: found the number 1: write a text in quotes
    simian.toml:20:3: monkeys.chaos.except[4]: found the text "shop": write a list of tables, as in [[monkeys.chaos.except]]
    simian.toml:22:1: monkeys.chaos.only: nothing could match it: name what may be chosen, or remove the key
    simian.toml:23:1: monkeys.chaos.never_suffixes: the text at place 1 is empty, and every name ends so: remove it
    "#);
}

#[test]
fn how_many_and_when() {
    let text = format!(
        "{SOUND}{}",
        r#"[monkeys.chaos]
mode = "rehearse"
count = 0
share = 0.75
cap = 51
veto = "25h"
mandatory_days = 0
never_suffixes = "-canary"
"#
    );
    assert_snapshot!(problems(&text), @r#"
    simian.toml:15:1: monkeys.chaos.mode: `rehearse` is no mode: write "dry-run" or "live"
    simian.toml:16:1: monkeys.chaos.count: `0` is no number of instances: write a whole number from 1 to 50
    simian.toml:17:1: monkeys.chaos.share: `0.75` is no share: write a number from 0.01 to 0.5, with four decimals at most
    simian.toml:18:1: monkeys.chaos.cap: `51` is no number of instances: write a whole number from 1 to 50
    simian.toml:19:1: monkeys.chaos.veto: a veto window of `25h` is longer than a day: shorten it
    simian.toml:20:1: monkeys.chaos.mandatory_days: `0` is no number of working days: write a whole number from 1 to 1000
    simian.toml:21:1: monkeys.chaos.never_suffixes: found the text "-canary": write a list, as in ["…", "…"]
    "#);
    let alone = |line: &str| problems(&format!("{SOUND}[monkeys.chaos]\n{line}\n"));
    assert_snapshot!(alone("count = 4"), @"simian.toml:15:1: monkeys.chaos.count: a count of 4 is above the cap, 3: raise cap too");
    assert_snapshot!(alone("count = 2\nshare = 0.25"), @"simian.toml:16:1: monkeys.chaos.share: set count or share, not both");
    assert_snapshot!(alone("mandatory_days = 4"), @"simian.toml:15:1: monkeys.chaos.mandatory_days: 4 days are fewer than the mean, 5, so it would set the rate: raise it");
    assert_snapshot!(alone("veto = \"15h\""), @"simian.toml:15:1: monkeys.chaos.veto: plans are published at midnight, so nothing would be old enough before the hours close: shorten it");
}

#[test]
fn modes_of_monkeys() {
    let text = SOUND.replace("[ledger]", "[account.modes]\nchaos = \"off\"\nlateny = \"dry-run\"\n[ledger]");
    assert_snapshot!(problems(&text), @r#"
    simian.toml:12:1: account[0].modes.chaos: `off` is no mode: write "dry-run" or "live"
    simian.toml:13:1: account[0].modes.lateny: there is no such key: did you mean `latency`? There are: chaos, latency, janitor, conformity
    "#);
}

#[test]
fn cron_by_number() {
    let text = format!(
        "{SOUND}{}",
        r#"[monkeys.chaos]
cron = "*/15 * * * 1"
"#
    );
    assert_snapshot!(problems(&text), @"simian.toml:15:1: monkeys.chaos.cron: cron expression `*/15 * * * 1` numbers its weekdays, and programs disagree on which is 1: write mon, tue …");
}

#[test]
fn mean_below_min() {
    let text = format!(
        "{SOUND}{}",
        "[monkeys.chaos]
mean_days = 2
min_days = 3
"
    );
    assert_snapshot!(problems(&text), @"simian.toml:15:1: monkeys.chaos.mean_days: a mean of 2 is less than min_days, 3: raise it");
}

#[test]
fn both_rates() {
    let text = format!(
        "{SOUND}{}",
        "[monkeys.chaos]
mean_days = 2
probability = 0.5
"
    );
    assert_snapshot!(problems(&text), @"simian.toml:16:1: monkeys.chaos.probability: set mean_days or probability, not both");
}

#[test]
fn accounts() {
    let text = format!(
        "{SOUND}{}",
        r#"[[account]]
name = "staging"
id = "123456789012"
role_arn = "arn:aws:iam::210987654321:role/simian"
regions = ["us-east-1", "useast1", "us-east-1"]
[[account]]
name = "a b"
id = 123456789012
role_arn = "arn:aws:iam::123456789012:user/ann"
regions = []
mode = "Live"
[[account]]
"#
    );
    assert_snapshot!(problems(&text), @r#"
    simian.toml:15:1: account[1].name: another account is called `staging` already: choose another name
    simian.toml:16:1: account[1].id: account 123456789012 is there already: add its regions to that one
    simian.toml:17:1: account[1].role_arn: the role belongs to account 210987654321, not to 123456789012: name a role of 123456789012
    simian.toml:18:25: account[1].regions[1]: `useast1` is not an AWS region: write it as in `us-east-1`
    simian.toml:18:36: account[1].regions[2]: the text "us-east-1" is there twice: remove one
    simian.toml:20:1: account[2].name: `a b` cannot be a name: write at most 64 letters, digits, `-`, `_` and `.`
    simian.toml:21:1: account[2].id: found the number 123456789012: write a text in quotes
    simian.toml:22:1: account[2].role_arn: `arn:aws:iam::123456789012:user/ann` is no role's ARN: write it as in arn:aws:iam::123456789012:role/simian
    simian.toml:23:1: account[2].regions: there is none: write at least one, as in regions = ["us-east-1"]
    simian.toml:24:1: account[2].mode: `Live` is no mode: write "dry-run" or "live"
    simian.toml:25:1: account[3].id: it is missing: write it, as in id = "123456789012"
    simian.toml:25:1: account[3].name: it is missing: write it, as in name = "staging"
    simian.toml:25:1: account[3].regions: there is none: write at least one, as in regions = ["us-east-1"]
    "#);
}

#[test]
fn no_account() {
    let text = r#"account = []
[dice]
seed = "x"
[hours]
timezone = "UTC"
"#;
    assert_snapshot!(problems(text), @"simian.toml:1:1: account: there is none: name at least one, with its name, id and regions under [[account]]");
}

#[test]
fn nothing_at_all() {
    let text = "";
    assert_snapshot!(problems(text), @r#"
    simian.toml:1:1: account: there is none: name at least one, with its name, id and regions under [[account]]
    simian.toml:1:1: dice.seed: it is missing: write it under [dice], as in seed = "a sentence of your own"
    simian.toml:1:1: hours.timezone: it is missing: write it under [hours], as in timezone = "America/Los_Angeles"
    "#);
}

#[test]
fn the_examples_seed() {
    let text = SOUND.replace("s3cret", "change me");
    assert_snapshot!(problems(&text), @"simian.toml:3:1: dice.seed: it is still the example's, so anybody can foretell the dice: write a secret of your own");
}

#[test]
fn memory_is_no_ledger_for_live() {
    let text = with_ledger("kind = \"memory\"");
    assert_snapshot!(problems(&text), @r#"simian.toml:12:1: ledger.kind: a live daemon needs a ledger that outlasts it: set kind = "sqlite" and a path under [ledger]"#);
}

#[test]
fn a_ledger_keeps_35_days_or_more() {
    for wrong in ["\"34d\"", "400", "\"400\"", "\"-400d\"", "\"+40d\"", "\"400 d\"", "\"36501d\"", "\"1y\"", "\"d\""] {
        let lines = format!("kind = \"sqlite\"\npath = \"ledger.db\"\nkeep = {wrong}");
        let problems = problems(&with_ledger(&lines));
        assert!(problems.starts_with("simian.toml:14:1: ledger.keep: found "), "{wrong}: {problems}");
        assert!(
            problems.ends_with(r#"write days in quotes, from "35d" to "36500d", or "forever""#),
            "{wrong}: {problems}"
        );
        assert_eq!(problems.lines().count(), 1, "{wrong}: {problems}");
    }
}

#[test]
fn no_ledger_is_memory() {
    let text = SOUND.replace("[ledger]\nkind = \"sqlite\"\npath = \"ledger.db\"\n", "");
    assert_snapshot!(problems(&text), @r#"simian.toml:1:1: ledger.kind: a live daemon needs a ledger that outlasts it: set kind = "sqlite" and a path under [ledger]"#);
}

#[test]
fn ledger_mistakes() {
    let text = with_ledger("kind = \"dynamodb\"\npath = \"ledger.db\"");
    assert_snapshot!(problems(&text), @r#"simian.toml:12:1: ledger.kind: `dynamodb` is no kind of ledger: write "sqlite" or "memory""#);
}

#[test]
fn ledger_without_a_path() {
    let text = with_ledger("kind = \"sqlite\"");
    assert_snapshot!(problems(&text), @r#"simian.toml:11:1: ledger.path: it is missing: write it, as in path = "/var/lib/simian/ledger.db""#);
}

#[test]
fn memory_with_a_path() {
    let text = SOUND.replace("sqlite", "memory").replace("\"live\"", "\"dry-run\"");
    assert_snapshot!(problems(&text), @r#"simian.toml:13:1: ledger.path: a ledger in memory has no path: remove it, or set kind to "sqlite""#);
}

#[test]
fn sinks_and_socket() {
    let text = format!(
        "{SOUND}{}",
        r#"[sinks.sns]
topic_arn = "arn:aws:sqs:us-east-1:123456789012:simian"
[control]
socket = "/run/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.sock"
[sinks.stdout]
enabled = 1
"#
    );
    assert_snapshot!(problems(&text), @r"
    simian.toml:15:1: sinks.sns.topic_arn: `arn:aws:sqs:us-east-1:123456789012:simian` is no topic's ARN: write it as in arn:aws:sns:us-east-1:123456789012:simian
    simian.toml:17:1: control.socket: /run/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.sock is longer than the 107 bytes that a socket's path may have: shorten it
    simian.toml:19:1: sinks.stdout.enabled: found the number 1: write true or false
    ");
}

#[test]
fn fifo_topics() {
    let topic = |name: &str| format!("{SOUND}[sinks.sns]\ntopic_arn = \"arn:aws:sns:us-east-1:123456789012:{name}\"\n");
    super::parse(&topic("simian.fifo"));
    for name in [".fifo", "simian.fifo.fifo", "simian.FIFO"] {
        assert!(problems(&topic(name)).contains("is no topic's ARN"), "{name}");
    }
}

#[test]
fn webhooks() {
    let text = format!(
        "{SOUND}{}",
        r#"[[sinks.webhook]]
url = "hooks.example.com/s3cret"
template = "{{ event.onwer }}"
template_file = "none.jinja"
content_type = "json"
secret_file = "secret"
secret_env = "$SECRET"
headers = { "X Team" = "ops", Host = "s3cret", X-Key = "s3cret\n" }
timeout = "2m"
kinds = ["action.dnoe", "actions.*"]
[[sinks.webhook]]
name = "ops"
kinds = []
[[sinks.webhook]]
name = "ops"
url = "https://ann:s3cret@example.com"
template = """
{"text":
  "{{ event.why }}"}"""
headers = "X-Key: s3cret"
uri = 1
"#
    );
    let told = problems(&text);
    assert!(!told.contains("s3cret"), "{told}");
    assert_snapshot!(told, @r#"
    simian.toml:14:1: sinks.webhook[0].name: it is missing: write it, as in name = "ops"
    simian.toml:15:1: sinks.webhook[0].url: it begins with neither https:// nor http://: write it as in "https://hooks.example.com/simian"
    simian.toml:16:1: sinks.webhook[0].template: line 1: something in `{{ event.onwer }}` does not exist (made for daemon.started): an event has account, action, actor, app, at, config, counts, due, group, hash, id, key, kind, mode, monkey, outcome, owner, prev, region, run, schema, seq, target, unit, until, verdicts, why, writer; a figure of counts needs a default, as in event.counts.held|default(0)
    simian.toml:17:1: sinks.webhook[0].template_file: cannot read the template none.jinja: No such file or directory (os error 2)
    simian.toml:17:1: sinks.webhook[0].template_file: there is a template already: remove one of the two
    simian.toml:18:1: sinks.webhook[0].content_type: `json` is no media type: write it as in "text/plain; charset=utf-8"
    simian.toml:20:1: sinks.webhook[0].secret_env: it names no variable: write the name of one, as in "SIMIAN_WEBHOOK_SECRET"
    simian.toml:20:1: sinks.webhook[0].secret_env: there is a secret_file already: remove one of the two
    simian.toml:21:13: sinks.webhook[0].headers.X Team: `X Team` is no name of a header: write letters, digits and `-`
    simian.toml:21:31: sinks.webhook[0].headers.Host: `Host` is written by simian: remove it (content_type has a key of its own)
    simian.toml:21:48: sinks.webhook[0].headers.X-Key: write its value as a text in quotes, of ASCII letters without line breaks
    simian.toml:22:1: sinks.webhook[0].timeout: `2m` is out of bounds: write a span from 1s to 1m
    simian.toml:23:10: sinks.webhook[0].kinds[0]: `action.dnoe` is no kind of event: did you mean `action.done`?
    simian.toml:23:25: sinks.webhook[0].kinds[1]: `actions.*` is no kind of event: write kinds as in ["action.done", "finding.*"]
    simian.toml:24:1: sinks.webhook[1].url: it is missing: write it, as in url = "https://hooks.example.com/simian"
    simian.toml:26:1: sinks.webhook[1].kinds: there is none, so nothing is ever told: name at least one, or remove the key
    simian.toml:28:1: sinks.webhook[2].name: another webhook is called `ops` already: choose another name
    simian.toml:29:1: sinks.webhook[2].url: it has a name or a password before its host: write that into headers, as in Authorization = "Basic …"
    simian.toml:30:1: sinks.webhook[2].template: what it makes of a made-up daemon.started is no JSON (expected `,` or `}` at line 2 column 5): {{ … }} writes a whole JSON value, a text with its quotes, so write none around it; or set content_type to what it makes
    simian.toml:33:1: sinks.webhook[2].headers: this is no table: write one, as in headers = { … }
    simian.toml:34:1: sinks.webhook[2].uri: there is no such key: did you mean `url`? There are: name, url, kinds, content_type, template, template_file, secret_file, secret_env, headers, timeout
    "#);
}

#[test]
fn one_webhook_is_a_list_of_one() {
    let text = format!("{SOUND}[sinks.webhook]\nname = \"ops\"\n");
    assert_snapshot!(problems(&text), @"simian.toml:14:1: sinks.webhook: found a table: write a list of tables, as in [[sinks.webhook]]");
}

#[test]
fn tags() {
    let text = format!(
        "{SOUND}{}",
        r#"[tags]
prefix = "aws:x"
owner = "team#1"
[opt_in]
tag = "simian:chaos"
"#
    );
    assert_snapshot!(problems(&text), @r#"
    simian.toml:15:1: tags.prefix: `aws:x` is reserved: only AWS may write such tags; choose another
    simian.toml:16:1: tags.owner: `team#1` cannot be a tag's key: write at most 128 letters, digits, spaces inside and `+ - = . _ : / @`
    simian.toml:17:1: opt_in.value: it is missing: write it, as in value = "true"
    simian.toml:18:1: opt_in.tag: `simian:chaos` is one of our own tags: name another, or remove [opt_in]
    "#);
}

#[test]
fn rails() {
    let text = format!(
        "{SOUND}{}",
        r#"[rails.clock]
max_skew = "10m"
[rails.breaker]
unrecovered = 0
[rails.candidates]
shrink_percent = 101
[rails.hours]
enabled = "no"
[rails.replacement]
failed_launch = "3d"
[rails.alarms]
names = ["", "shop-5xx"]
insufficient_data = "maybe"
[rails.outage]
url = "ftp://status.example.com"
command = ["all-is-well"]
timeout = "1m"
[watch]
every = "10m"
deadline = "5m"
"#
    );
    assert_snapshot!(problems(&text), @r#"
    simian.toml:15:1: rails.clock.max_skew: `10m` is out of bounds: write a span from 1s to 5m
    simian.toml:17:1: rails.breaker.unrecovered: found the number 0: write a whole number from 1 to 64, or "unlimited"
    simian.toml:19:1: rails.candidates.shrink_percent: found the number 101: write a whole number from 0 to 100
    simian.toml:21:1: rails.hours.enabled: found the text "no": write true or false
    simian.toml:23:1: rails.replacement.failed_launch: `3d` is out of bounds: write a span from 1m to 2d
    simian.toml:25:10: rails.alarms.names[0]: it is empty: write something between the quotes
    simian.toml:26:1: rails.alarms.insufficient_data: `maybe` is neither: write "hold" or "pass"
    simian.toml:28:1: rails.outage.url: it begins with neither https:// nor http://: write it as in "https://hooks.example.com/simian"
    simian.toml:29:1: rails.outage.command: it begins with no program's full path: write it as in ["/usr/local/bin/all-is-well"]
    simian.toml:30:1: rails.outage.timeout: `1m` is out of bounds: write a span from 1s to 20s
    simian.toml:33:1: watch.deadline: it ends before the first look, which comes after 10m: raise it
    "#);
}

#[test]
fn no_toml() {
    let text = r#"mode = "live
[dice]
seed = "a"
seed = "b"
"#;
    assert_snapshot!(problems(text), @r#"
    simian.toml:1:13: this is no TOML (invalid basic string, expected `"`): mend this line
    simian.toml:4:1: this is no TOML (duplicate key): mend this line
    "#);
}

#[test]
fn columns_are_characters() {
    let text = format!(
        "{SOUND}{}",
        r#"[opt_in]
tag = "ü"
value = "ü#"
[hours.x] # ü
[sinks] # ü
stdout = { "ü" = "ü", enabled = 1 }
"#
    );
    assert_snapshot!(problems(&text), @r"
    simian.toml:16:1: opt_in.value: `ü#` cannot be a tag's value: write at most 256 letters, digits, spaces inside and `+ - = . _ : / @`
    simian.toml:17:1: hours.x: there is no such key: remove it. There are: timezone, days, open, close, holidays, freeze, change_calendars
    simian.toml:19:12: sinks.stdout.ü: there is no such key: remove it. There are: enabled
    simian.toml:19:23: sinks.stdout.enabled: found the number 1: write true or false
    ");
}

#[test]
fn change_calendars() {
    let arn = |n: usize| format!("\"arn:aws:ssm:us-east-1:123456789012:document/freeze-{n:02}\"");
    let hours = |list: &str| SOUND.replace("[[account]]", &format!("change_calendars = [{list}]\n[[account]]"));
    assert_eq!(super::parse(&hours(&arn(1))).change_calendars[0].name(), "freeze-01");
    assert_snapshot!(problems(&hours("\"freeze\", 7")), @r"
    simian.toml:6:21: hours.change_calendars[0]: `freeze` is no change calendar's ARN: write it whole, as in arn:aws:ssm:us-east-1:123456789012:document/freeze, so that its region and account are known
    simian.toml:6:31: hours.change_calendars[1]: found the number 7: write a text in quotes
    ");
    let many: Vec<String> = (0..11).map(arn).collect();
    assert_snapshot!(problems(&hours(&many.join(", "))), @"simian.toml:6:1: hours.change_calendars: there are 11: name at most 10");
}

#[test]
fn a_list_has_a_limit_and_so_has_what_is_told() {
    let first = chrono::NaiveDate::from_ymd_opt(2000, 1, 1).unwrap();
    let dates = |n| first.iter_days().take(n).map(|date| format!("\"{date}\"")).collect::<Vec<_>>().join(",");
    let hours = |n| SOUND.replace("[[account]]", &format!("holidays = [{}]\n[[account]]", dates(n)));
    super::parse(&hours(10_000));
    assert_snapshot!(problems(&hours(10_001)), @"simian.toml:6:1: hours.holidays: it has 10001 items: write at most 10000");
    let unknown: Vec<String> = (0..20_000).map(|n| format!("key{n} = 1\n")).collect();
    let told = problems(&format!("{}{SOUND}", unknown.concat()));
    assert_eq!(told.lines().count(), 51);
    assert!(told.ends_with("19950 more problems: mend these first"), "{}", told.lines().next_back().unwrap());
}
