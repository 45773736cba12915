//! What an operator is told of a configuration, word for word; and what is shipped loads and grants no more than it
//! needs.

#[path = "config/holidays.rs"]
mod holidays;
#[path = "config/mistakes.rs"]
mod mistakes;
#[path = "config/monkeys.rs"]
mod monkeys;
#[path = "config/reports.rs"]
mod reports;

use std::collections::BTreeSet;
use std::path::Path;

use chrono::TimeDelta;
use insta::assert_snapshot;
use serde_json::Value;
use simian::config::{Config, ConfigError, LedgerConfig, MAX_BYTES};
use simian::sinks::webhook::SecretSource;
use simian_core::{Action, ByExperiment, Mode, Nature};

/// A small config with nothing wrong, and live.
const SOUND: &str = r#"mode = "live"
[dice]
seed = "s3cret"
[hours]
timezone = "Europe/Berlin"
[[account]]
name = "staging"
id = "123456789012"
regions = ["us-east-1"]
mode = "live"
[ledger]
kind = "sqlite"
path = "ledger.db"
"#;

fn parse(text: &str) -> Config {
    Config::parse("simian.toml", text, None).unwrap_or_else(|error| panic!("{error}"))
}

fn problems(text: &str) -> String {
    Config::parse("simian.toml", text, None).expect_err("something is wrong").to_string()
}

#[test]
fn so_many_problems_at_once_are_cut_short() {
    let keys: Vec<String> = (0..60).map(|n| format!("k{n} = 1\n")).collect();
    let text = problems(&format!("{SOUND}[floors]\n{}", keys.concat()));
    assert_eq!(text.lines().count(), 51);
    assert_eq!(text.lines().last(), Some("simian.toml: 10 more problems: mend these first"));
}

#[test]
fn a_huge_value_is_not_repeated_in_full() {
    let text = problems(&SOUND.replace("\"live\"", &format!("\"{}\"", "x".repeat(10_000))));
    assert!(text.len() < 1_000, "{}", text.len());
}

#[test]
fn what_is_not_written_has_cautious_defaults() {
    let config = parse(SOUND);
    assert_eq!(config.ledger, LedgerConfig::Sqlite { path: "ledger.db".into() });
    assert_eq!((config.control, config.sinks.sns, config.sinks.stdout), (None, None, false));
    assert_eq!(config.sinks.webhooks, []);
    assert_eq!((config.watch.every, config.watch.deadline), (TimeDelta::seconds(30), TimeDelta::minutes(15)));
    assert_eq!(config.calendar.hours.to_string(), "09:00-15:00");
    assert!(!config.chaos.enabled);
    let account = SOUND.replacen("mode = \"live\"\n[ledger]", "[ledger]", 1);
    assert_eq!(parse(&account).accounts[0].mode, Mode::DryRun);
}

#[test]
fn what_is_written_counts() {
    let more = r#"
[tags]
prefix = "corp:chaos"
owner = "team"
[opt_in]
tag = "chaos"
value = "true"
[budgets]
per_app_day = 0
per_account_day = "unlimited"
[floors]
zone = 1
[rails.clock]
max_skew = "90s"
[rails.breaker]
enabled = false
unrecovered = "unlimited"
[rails.candidates]
slack = 3
[rails.replacement]
failed_launch = "2h"
[rails.alarms]
names = ["all errors", "shop-5xx"]
insufficient_data = "pass"
[rails.outage]
command = ["/usr/local/bin/all-is-well", "--token=s3cret"]
timeout = "2s"
[control]
socket = "/run/simian/control.sock"
[sinks.sns]
topic_arn = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:simian"
[monkeys.chaos]
enabled = true
probability = 0.25
min_days = 3
unit = "asg"
"#;
    let text = format!("{SOUND}{more}");
    let config = Config::parse("/etc/simian/simian.toml", &text, Some(Path::new("/var/lib/simian"))).unwrap();
    assert_eq!(config.ledger, LedgerConfig::Sqlite { path: "/var/lib/simian/ledger.db".into() });
    assert_eq!(config.control.as_deref(), Some(Path::new("/run/simian/control.sock")));
    assert_eq!(config.digest.len(), 64);
    let policy = config.policy(&config.accounts[0]);
    assert_eq!(policy.mode, Mode::Live);
    assert_eq!(config.chaos.unit.as_str(), "asg");
    assert_eq!((policy.budgets.per_app_day, policy.budgets.per_account_day), (Some(0), None));
    assert_eq!((policy.floors.healthy, policy.floors.zone), (2, 1));
    assert_eq!(policy.max_skew, TimeDelta::seconds(90));
    assert_eq!((policy.breaker, policy.candidates.slack), (None, 3));
    assert_eq!(policy.failed_launch, TimeDelta::hours(2));
    assert_eq!(policy.alarms.names, ["all errors", "shop-5xx"]);
    assert!(policy.alarms.insufficient_data_passes);
    assert_eq!(policy.outage.as_deref(), Some("/usr/local/bin/all-is-well"), "what it is given may be a secret");
    assert_eq!(config.outage.unwrap().timeout, TimeDelta::seconds(2));
    assert_eq!(policy.disabled.into_iter().collect::<Vec<_>>(), ["breaker"]);
    assert_eq!(policy.tags.opt_in_key(), "corp:chaos:chaos");
    assert_eq!(policy.tags.mapped, Some(("chaos".into(), "true".into())));
    // Three days' cool-down and then a coin of one in four: two days of rest and four of waiting.
    assert_eq!((policy.tags.defaults.mean_days, policy.tags.defaults.min_days), (6.0, 3));
}

#[test]
fn live_needs_both_words() {
    for (global, account, counts) in [
        ("live", "live", Mode::Live),
        ("live", "dry-run", Mode::DryRun),
        ("dry-run", "live", Mode::DryRun),
        ("dry-run", "dry-run", Mode::DryRun),
    ] {
        let (first, second) = (format!("mode = {global:?}\n[dice]"), format!("mode = {account:?}\n[ledger]"));
        let text = SOUND.replace("mode = \"live\"\n[dice]", &first).replace("mode = \"live\"\n[ledger]", &second);
        let config = parse(&text);
        assert_eq!(config.policy(&config.accounts[0]).mode, counts, "{global} {account}");
        assert_eq!(config.is_live(), counts == Mode::Live);
    }
    // What rehearses only may forget, and may keep the example's seed.
    let rehearsal = SOUND.replacen("\"live\"", "\"dry-run\"", 1).replace("s3cret", "change me");
    assert_eq!(parse(&rehearsal[..rehearsal.find("[ledger]").unwrap()]).ledger, LedgerConfig::Memory);
}

#[test]
fn a_monkeys_own_mode_only_holds_back_and_is_named() {
    let with = |account: &str, chaos: &str| {
        let account = format!("[account.modes]\n{account}\n[ledger]");
        parse(&format!("{}[monkeys.chaos]\n{chaos}\n", SOUND.replace("[ledger]", &account)))
    };
    let (live, dry) = ("\"live\"", "\"dry-run\"");
    for (account, chaos, mode, whose) in [
        (live, live, Mode::Live, ""),
        (dry, live, Mode::DryRun, "modes.chaos of account staging"),
        (live, dry, Mode::DryRun, "monkeys.chaos.mode"),
        (dry, dry, Mode::DryRun, "modes.chaos of account staging, monkeys.chaos.mode"),
    ] {
        let config = with(&format!("chaos = {account}"), &format!("mode = {chaos}"));
        let policy = config.policy(&config.accounts[0]);
        assert_eq!((policy.mode_of("chaos"), policy.held_back("chaos").as_str()), (mode, whose));
        assert_eq!((policy.mode, policy.mode_of("latency")), (Mode::Live, Mode::Live), "nobody else's word");
        assert!(config.is_live(), "a monkey's rehearsal makes no config harmless");
    }
    let rehearsal = parse(&SOUND.replacen("\"live\"", "\"dry-run\"", 1));
    let policy = rehearsal.policy(&rehearsal.accounts[0]);
    assert_eq!((policy.mode_of("chaos"), policy.held_back("chaos").as_str()), (Mode::DryRun, "mode"));
}

#[test]
fn the_lists_and_sizes_of_chaos_count() {
    let more = r#"[rails.zone_floor]
enabled = false
[floors]
zone = 2
[monkeys.chaos]
share = 0.25
cap = 10
veto = "2h"
mandatory_days = 20
never_suffixes = []
except = [{ app = "pay*" }, { account = "1234*", stack = "", why = "no stack, no chaos" }]
only = [{ region = "us-*" }]
"#;
    let config = parse(&format!("{SOUND}{more}"));
    let account = &config.accounts[0];
    let scope = simian_core::Scope { account: account.id.clone(), region: account.regions[0].clone() };
    let choice = config.chaos.choice();
    assert_eq!(choice.spares(&scope, "shop-prod-canary-v001"), None);
    let why = |group| choice.spares(&scope, group).unwrap();
    assert_eq!(why("payments-prod"), "excepted by monkeys.chaos.except[0]");
    assert_eq!(why("shop"), "excepted by monkeys.chaos.except[1]: no stack, no chaos");
    let policy = config.policy(account);
    assert_eq!(policy.veto, TimeDelta::hours(2));
    assert_eq!(policy.tags.defaults.size.among(40), 10);
    let floors = config.floors_that_count();
    assert_eq!((floors.healthy, floors.zone), (2, 0), "what no rail holds to, the monkey does not either");
    let usual = parse(&format!("{SOUND}[monkeys.chaos]\n")).chaos.choice();
    assert!(usual.spares(&scope, "shop-prod-canary-v001").unwrap().contains("-canary"));
    assert!(usual.spares(&scope, "shop-prod-baseline").unwrap().contains("-baseline"));
}

#[test]
fn the_digest_is_of_the_text() {
    assert_eq!(parse(SOUND).digest, parse(SOUND).digest);
    assert_ne!(parse(SOUND).digest, parse(&format!("{SOUND}\n")).digest);
}

#[test]
fn the_sandbox_is_live_and_may_forget() {
    let text = include_str!("../config/sandbox.toml");
    let config = Config::parse_sandbox("sandbox.toml", text).unwrap_or_else(|error| panic!("{error}"));
    assert!(config.is_live() && config.chaos.enabled);
    assert_eq!(config.ledger, LedgerConfig::Memory);
    assert_eq!(config.accounts[0].id.as_str(), "111122223333");
    assert!(problems(text).contains("a live daemon needs a ledger that outlasts it"));
}

#[test]
fn the_example_rehearses_only() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/simian.toml");
    let config = Config::load(&path, Some(Path::new("/somewhere/else"))).unwrap_or_else(|error| panic!("{error}"));
    assert!(!config.is_live());
    assert_eq!(config.ledger, LedgerConfig::Sqlite { path: "/var/lib/simian/ledger.db".into() });
    assert_eq!(config.control.as_deref(), Some(Path::new("/run/simian/control.sock")));
}

#[test]
fn the_smallest_file_of_the_manual_is_accepted() {
    let manual = include_str!("../docs/configuration.md");
    let example = manual.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    assert_eq!(parse(example).accounts.len(), 1);
}

#[test]
fn the_manual_has_every_rail() {
    let manual = include_str!("../docs/configuration.md");
    for rail in simian_core::rails::RAILS {
        assert!(manual.contains(&format!("`{}`", rail.name)), "{}", rail.name);
    }
}

#[test]
fn files_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let told = |name: &str| {
        let error = Config::load(&folder.path().join(name), None).expect_err(name);
        assert!(matches!(error, ConfigError::Unreadable { .. }));
        error.to_string().replace(&folder.path().display().to_string(), "DIR")
    };
    assert_snapshot!(told("none.toml"), @"DIR/none.toml: there is no such file: create it, or name another with --config");
    assert_snapshot!(told("."), @"DIR/.: it is a directory: name the file in it, as in DIR/./simian.toml");
    std::fs::write(folder.path().join("latin.toml"), b"# ok\n# \xc3\xbc M\xfcnchen\n").unwrap();
    assert_snapshot!(told("latin.toml"), @"DIR/latin.toml: byte 6 of line 2 begins no UTF-8 character: save the file as UTF-8");
    let huge = usize::try_from(MAX_BYTES).unwrap() + 1;
    std::fs::write(folder.path().join("huge.toml"), vec![b'#'; huge]).unwrap();
    assert_snapshot!(told("huge.toml"), @"DIR/huge.toml: it is larger than 1024 KiB, so it is no config: name another with --config");
}

#[test]
fn windows_line_ends_are_fine() {
    parse(&SOUND.replace('\n', "\r\n"));
}

#[test]
fn a_webhook_is_what_is_written_and_shows_no_secret() {
    let more = r#"
[[sinks.webhook]]
name = "plain"
url = "https://hooks.example.com/T0/s3cret?token=s3cret"
[[sinks.webhook]]
name = "slack"
url = "http://127.0.0.1:8080"
template = "{{ event.kind }}"
content_type = "text/plain"
secret_file = "webhook.secret"
headers = { Authorization = "Bearer s3cret", X-Team = "ops" }
timeout = "3s"
kinds = ["finding.*", "action.done"]
"#;
    let config = Config::parse("simian.toml", &format!("{SOUND}{more}"), Some(Path::new("/state"))).unwrap();
    let [plain, slack] = &config.sinks.webhooks[..] else { panic!("{:?}", config.sinks) };
    assert_eq!(plain.address.whole(), "https://hooks.example.com/T0/s3cret?token=s3cret");
    assert_eq!((&plain.template, &plain.secret, plain.timeout), (&None, &None, TimeDelta::seconds(10)));
    assert_eq!((plain.content_type.as_str(), &plain.kinds[..]), ("application/json", simian_core::Kind::ALL));
    assert!(slack.template.is_some());
    assert_eq!(slack.secret, Some(SecretSource::File("/state/webhook.secret".into())));
    assert_eq!(slack.headers[0].1.open(), "Bearer s3cret");
    assert_eq!((slack.headers.len(), slack.timeout), (2, TimeDelta::seconds(3)));
    let kinds: Vec<&str> = slack.kinds.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(kinds, ["action.done", "finding.opened", "finding.closed"]);
    let shown = format!("{:?}", config.sinks);
    assert!(shown.contains("hooks.example.com") && !shown.contains("s3cret") && !shown.contains("Bearer"), "{shown}");
}

#[test]
fn a_template_in_a_file_is_read_from_beside_the_config_and_tried() {
    let folder = tempfile::tempdir().unwrap();
    let table = "[[sinks.webhook]]\nname = \"ops\"\nurl = \"https://example.com\"\ntemplate_file = \"ops.jinja\"\n";
    std::fs::write(folder.path().join("simian.toml"), format!("{SOUND}{table}")).unwrap();
    let load = |template: &[u8]| {
        std::fs::write(folder.path().join("ops.jinja"), template).unwrap();
        let told = Config::load(&folder.path().join("simian.toml"), None).map_err(|error| error.to_string());
        told.map_err(|error| error.replace(&folder.path().display().to_string(), "DIR"))
    };
    assert!(load(b"{{ event }}").unwrap().sinks.webhooks[0].template.is_some());
    let at = "DIR/simian.toml:17:1: sinks.webhook[0].template_file: ";
    assert_snapshot!(load(b"{\n\"text\": {{ event.why\n}").unwrap_err().strip_prefix(at).unwrap(), @"DIR/ops.jinja:3: syntax error: unexpected `}`, expected end of variable block");
    let told = load(b"{\n\n\"text\": {{ event.onwer }}}").unwrap_err();
    assert!(told.starts_with(&format!("{at}DIR/ops.jinja:3: something in `{{{{ event.onwer }}}}`")), "{told}");
    assert_snapshot!(load(b"\xff").unwrap_err().strip_prefix(at).unwrap(), @"cannot read the template DIR/ops.jinja: it is no UTF-8");
    assert_snapshot!(load(&vec![b'x'; 70_000]).unwrap_err().strip_prefix(at).unwrap(), @"cannot read the template DIR/ops.jinja: it is larger than 64 KiB, so it is no template");
}

/// The statements of a shipped policy: actions, resources and whether there is a condition.
fn statements(name: &str) -> Vec<(Vec<String>, Vec<String>, bool)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/iam").join(name);
    let policy: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    let words = |value: &Value| match value {
        Value::String(word) => vec![word.clone()],
        list => list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect(),
    };
    let statements = policy["Statement"].as_array().unwrap().iter();
    statements
        .map(|statement| {
            assert_eq!(statement["Effect"], "Allow");
            (words(&statement["Action"]), words(&statement["Resource"]), statement.get("Condition").is_some())
        })
        .collect()
}

#[test]
fn the_policies_grant_what_is_called_and_no_more() {
    let set = |actions: &[&str]| actions.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let reads = [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeInstanceRefreshes",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "cloudwatch:DescribeAlarms",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeInstances",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:DescribeSubnets",
        "elasticloadbalancing:DescribeTargetHealth",
        "fis:GetSafetyLever",
        "ssm:DescribeInstanceInformation",
        "ssm:GetCalendarState",
        // Not ours: EC2 makes it with our permissions when a template names its image by a parameter.
        "ssm:GetParameters",
    ];
    let all = |name| statements(name).into_iter().flat_map(|(actions, ..)| actions).collect::<Vec<_>>();
    for name in ["dry-run.json", "live.json"] {
        assert_eq!(all(name).len(), all(name).into_iter().collect::<BTreeSet<_>>().len(), "twice in {name}");
    }
    let actions = |name| all(name).into_iter().collect::<BTreeSet<_>>();
    let every = [&reads[..], &["sns:Publish"]].concat();
    assert_eq!(actions("dry-run.json"), set(&every));
    let writes = |nature: Nature| {
        let ours = |action: &Action| action.by_experiment() != ByExperiment::Only;
        let those = Action::ALL.into_iter().filter(ours).filter(move |action| action.nature() == nature);
        those.flat_map(|action| action.permissions().iter().copied()).collect::<Vec<_>>()
    };
    assert_eq!(actions("live.json"), set(&[every, writes(Nature::Once)].concat()));
    // The looks of faults.
    let more = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeVolumes"];
    let tags = vec!["ec2:CreateTags", "ec2:DeleteTags"];
    assert_eq!(actions("account-faults.json"), set(&[writes(Nature::Account), tags.clone(), more.to_vec()].concat()));
    let more = ["ssm:GetCommandInvocation", "ssm:ListCommands"];
    assert_eq!(actions("guest-faults.json"), set(&[writes(Nature::Guest), tags, more.to_vec()].concat()));
    assert_eq!(actions("experiments.json"), set(Action::SpotInterruption.permissions()));
    // What FIS itself does, by its own role.
    let hits = ["ec2:DescribeInstances", "ec2:RebootInstances", "ec2:SendSpotInstanceInterruptions"];
    assert_eq!(actions("fis-role.json"), set(&[&hits[..], &["ec2:TerminateInstances"]].concat()));
    let routes = ["DescribeListeners", "DescribeRules", "DescribeTargetGroups"];
    let routes: Vec<String> = routes.iter().map(|call| format!("elasticloadbalancing:{call}")).collect();
    assert_eq!(actions("read-clusters.json"), routes.into_iter().collect());
    let mut bare = BTreeSet::new();
    let files = ["dry-run", "live", "account-faults", "guest-faults", "experiments", "fis-role", "read-clusters"];
    for name in files.map(|name| format!("{name}.json")) {
        let name = name.as_str();
        for (actions, resources, conditional) in statements(name) {
            assert!(actions.iter().all(|action| !action.contains(['*', '?'])), "{actions:?}");
            // What only looks at all of them cannot be narrowed; what changes something is narrowed by its resource.
            let looks = |action: &String| action.contains(":Describe") || more.contains(&action.as_str());
            assert_eq!(resources.contains(&"*".to_owned()), actions.iter().all(looks), "{actions:?}");
            let reads = |action: &String| looks(action) || action.contains(":Get") || action == "sns:Publish";
            if conditional {
                assert!(!actions.iter().any(reads), "{actions:?}");
            } else {
                bare.extend(actions.into_iter().filter(|action| !reads(action)));
            }
        }
    }
    // And by a condition, but for these: what takes a fault back must not depend on a tag that somebody took away
    // meanwhile, and the others touch something that has no tag of its group.
    let expected = [
        "autoscaling:AttachInstances",
        "autoscaling:ExitStandby",
        "autoscaling:ResumeProcesses",
        "ec2:AttachVolume",
        "ec2:CreateSecurityGroup",
        "ec2:DetachVolume",
        "ec2:ModifyNetworkInterfaceAttribute",
        "elasticloadbalancing:DeregisterTargets",
        "elasticloadbalancing:RegisterTargets",
        // By the actions that it may name.
        "fis:CreateExperimentTemplate",
        "ssm:SendCommand",
    ];
    assert_eq!(bare, set(&expected));
}
