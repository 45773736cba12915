//! A body as the operator wants it: a text in the language of Jinja, in which `event` is the event.
//!
//! A mistake in it is found when the configuration is read, not when the first event of its kind happens: the template
//! is tried with made-up events of every kind.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use chrono::DateTime;
use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde_json::{Map, json};
use simian_core::{Draft, Event, Kind, Mode, Ruling, Verdict};
use uuid::Uuid;

/// A template that was tried. Cheap to clone.
#[derive(Clone)]
pub struct Template(Arc<Inner>);

struct Inner {
    source: String,
    json: bool,
    environment: Environment<'static>,
    /// Every field that an event may have, with nothing in it: so only a name that is none is undefined.
    blank: Map<String, serde_json::Value>,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{why}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct TemplateError {
    /// The line of the template, from 1, where that is known.
    pub line: Option<usize>,
    /// What is wrong and the remedy.
    pub why: String,
}

/// The template's name among its kind: there is only one.
const NAME: &str = "body";

/// The most characters of a line that are repeated.
const MAX_LINE: usize = 60;

/// How many instructions of the engine a body may take. The shipped example takes some hundred for an event with all of
/// its verdicts; a loop in a loop in a loop would keep the daemon from its work.
const FUEL: u64 = 100_000;

/// The largest body, in bytes: no server of this kind takes so much.
const MAX_BODY: usize = 1 << 20;

/// Filters that make of a number as long a text, however large it is. No body needs them.
const BOUNDLESS: [&str; 2] = ["format", "indent"];

/// What the texts of the made-up events hold: everything that breaks a body which does not escape it.
const NASTY: &str =
    "\"quoted\" back\\slash <tag> & 'single' {{ braces }} \u{e9}\u{1f412} \u{0}\u{7f}\u{2028}\nline\ttab";

impl Template {
    /// Compiles it, and tries it with made-up events of these kinds. With `json`, what is printed is written as JSON, and
    /// the whole must be JSON.
    pub fn new(source: &str, json: bool, kinds: &[Kind]) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(move |_| if json { AutoEscape::Json } else { AutoEscape::None });
        environment.set_fuel(Some(FUEL));
        for filter in BOUNDLESS {
            environment.remove_filter(filter);
        }
        environment.add_filter("slack", slack);
        environment.add_template_owned(NAME, source.to_owned()).map_err(|error| told(&error, source, None))?;
        let template = Self(Arc::new(Inner { source: source.to_owned(), json, environment, blank: blank() }));
        for sample in kinds.iter().flat_map(|kind| samples(*kind)) {
            template.tried(&sample)?;
        }
        Ok(template)
    }

    fn tried(&self, sample: &Event) -> Result<(), TemplateError> {
        let body = self.render(sample)?;
        if self.0.json
            && let Err(error) = serde_json::from_str::<serde_json::Value>(&body)
        {
            let why = format!(
                "what it makes of a made-up {} is no JSON ({error}): {{{{ … }}}} writes a whole JSON value, a text with \
                 its quotes, so write none around it; or set content_type to what it makes",
                sample.body.kind
            );
            return Err(TemplateError { line: None, why });
        }
        Ok(())
    }

    /// The body for an event.
    pub fn render(&self, event: &Event) -> Result<String, TemplateError> {
        let Inner { source, environment, blank, .. } = self.0.as_ref();
        let mut fields = blank.clone();
        fields.extend(fields_of(event));
        let context = Value::from(Serde(json!({ "event": fields })));
        let mut body = Bounded(Vec::new());
        let rendered = environment.get_template(NAME).and_then(|template| {
            template.render_captured_to(context, &mut body)?;
            String::from_utf8(body.0).map_err(|_| minijinja::Error::from(ErrorKind::BadSerialization))
        });
        rendered.map_err(|error| told(&error, source, Some(event.body.kind)))
    }
}

/// A body while it is written.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_BODY {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        (&self.0.source, self.0.json) == (&other.0.source, other.0.json)
    }
}

impl Eq for Template {}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({} lines)", self.0.source.lines().count())
    }
}

/// What Slack reads as markup, escaped as Slack wants it (Slack API, "Formatting text for app surfaces"). So no owner's
/// tag calls everybody in a channel.
fn slack(value: &Value) -> Result<String, minijinja::Error> {
    match value.kind() {
        ValueKind::Undefined => Err(minijinja::Error::from(ErrorKind::UndefinedError)),
        ValueKind::None => Ok(String::new()),
        _ => Ok(value.to_string().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")),
    }
}

/// The engine's words in ours, with the line as it stands there, and the kind of event that it was made for.
fn told(error: &minijinja::Error, source: &str, kind: Option<Kind>) -> TemplateError {
    let line = error.line();
    let text = line.and_then(|line| source.lines().nth(line - 1)).unwrap_or_default().trim();
    let here: String = tags(text).chars().take(MAX_LINE).collect();
    let here = if here.is_empty() { here } else { format!(" in `{here}`") };
    let made = kind.map(|kind| format!(" (made for {kind})")).unwrap_or_default();
    let why = match error.kind() {
        ErrorKind::UndefinedError => format!(
            "something{here} does not exist{made}: an event has {}; a figure of counts needs a default, as in \
             event.counts.held|default(0)",
            blank().keys().map(String::as_str).collect::<Vec<_>>().join(", ")
        ),
        ErrorKind::OutOfFuel => format!("it takes too long{made}: let its loops run over less"),
        ErrorKind::WriteFailure => {
            format!("what it makes is larger than {} KiB{made}: make it shorter", MAX_BODY >> 10)
        }
        kind => format!("{kind}{here}{made}{}", error.detail().map(|why| format!(": {why}")).unwrap_or_default()),
    };
    TemplateError { line, why }
}

/// The tags of a line. What stands around them is not repeated: some servers want their key in the body.
fn tags(line: &str) -> String {
    let mut tags = Vec::new();
    let mut rest = line;
    while let Some(begin) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let (_, tag) = rest.split_at(begin);
        let end = tag.find("}}").into_iter().chain(tag.find("%}")).min().map(|end| end + 2);
        // One that nobody closed may reach over anything: then only what comes before a text.
        let end = end.or(tag.find(['"', '\''])).unwrap_or(tag.len());
        let (tag, after) = tag.split_at(end);
        tags.push(tag);
        rest = after;
    }
    tags.join(" … ")
}

/// Every field that an event may have: none, and empty where an event without it means that.
fn blank() -> Map<String, serde_json::Value> {
    let mut fields = fields_of(&samples(Kind::ActionDone)[0]);
    for (name, value) in &mut fields {
        *value = match name.as_str() {
            "why" => json!(""),
            "verdicts" => json!([]),
            "counts" => json!({}),
            _ => serde_json::Value::Null,
        };
    }
    fields
}

fn fields_of(event: &Event) -> Map<String, serde_json::Value> {
    match serde_json::to_value(event) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// Made-up events of a kind: one in which every field has something, and one with none that can be missing.
fn samples(kind: Kind) -> [Event; 2] {
    let at = DateTime::UNIX_EPOCH;
    let text = || Some(NASTY.to_owned());
    let mut full = Draft::new(at, kind, Mode::Live, NASTY).count("figure", 7);
    full.actor = text();
    full.monkey = text();
    full.account = "123456789012".parse().ok();
    full.region = "us-east-1".parse().ok();
    full.unit = text();
    full.group = text();
    full.app = text();
    full.owner = text();
    full.target = text();
    full.key = text();
    full.run = text();
    full.action = text();
    full.verdicts = vec![Ruling { rail: NASTY.into(), says: Verdict::Hold(NASTY.into()) }];
    full.outcome = text();
    full.due = Some(at);
    full.until = Some(at);
    full.config = text();
    let bare = Draft::new(at, kind, Mode::DryRun, "");
    [full, bare].map(|draft| Event::seal(draft, Uuid::nil(), "main", 1, Uuid::nil().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn try_json(source: &str) -> Result<Template, TemplateError> {
        Template::new(source, true, Kind::ALL)
    }

    fn refused(source: &str) -> String {
        try_json(source).unwrap_err().to_string()
    }

    #[test]
    fn what_is_printed_is_a_json_value_whatever_is_in_it() {
        let template = try_json(
            r#"{"text": {{ event.kind ~ ": " ~ event.why }}, "seq": {{ event.seq }}, "owner": {{ event.owner }}}"#,
        );
        let [full, bare] = samples(Kind::ActionHeld);
        let template = template.unwrap();
        let read = |event| serde_json::from_str::<serde_json::Value>(&template.render(event).unwrap()).unwrap();
        assert_eq!(read(&full), json!({ "text": format!("action.held: {NASTY}"), "seq": 1, "owner": NASTY }));
        assert_eq!(read(&bare), json!({ "text": "action.held: ", "seq": 1, "owner": null }));
    }

    #[test]
    fn the_shipped_example_suits_slack_whatever_an_owner_writes() {
        let template = try_json(include_str!("../../../config/slack.json.jinja")).unwrap();
        let mut draft = samples(Kind::ActionDone)[0].body.clone();
        draft.why = "<!channel> \"quoted\" & \\ \u{0}\n*bold*".into();
        let event = Event::seal(draft, Uuid::nil(), "main", 1, String::new());
        let body: serde_json::Value = serde_json::from_str(&template.render(&event).unwrap()).unwrap();
        let text = body["text"].as_str().unwrap();
        assert!(text.contains("&lt;!channel&gt; \"quoted\" &amp; \\ \u{0}\n*bold*"), "{text}");
        assert!(!text.contains("<!channel>") && text.contains("action.done"), "{text}");
        let digest = Draft {
            owner: Some("ann".into()),
            ..Draft::new(DateTime::UNIX_EPOCH, Kind::DigestPublished, Mode::Live, "a\nb")
        };
        let digest = Event::seal(digest, Uuid::nil(), "main", 1, String::new());
        assert_eq!(template.render(&digest).unwrap(), r#"{"text": "*digest.published* ann\na\nb"}"#);
    }

    #[test]
    fn a_template_of_another_kind_of_text_prints_it_as_it_is() {
        let template =
            Template::new("{{ event.kind }} {{ event.owner or 'nobody' }} {{ event.why }}\n", false, Kind::ALL);
        let [full, bare] = samples(Kind::RoundClosed);
        let template = template.unwrap();
        assert_eq!(template.render(&full).unwrap(), format!("round.closed {NASTY} {NASTY}"));
        assert_eq!(template.render(&bare).unwrap(), "round.closed nobody ");
    }

    #[test]
    fn mistakes_are_found_before_any_event_is_told() {
        let broken = refused("{\n\"text\": {{ event.why }\n}");
        assert!(broken.starts_with("line 2: syntax error in `{{ event.why }`: "), "{broken}");
        let typo = refused("{\n\n\"text\": {{ event.onwer }}}");
        assert!(
            typo.starts_with("line 3: something in `{{ event.onwer }}` does not exist (made for daemon.started): "),
            "{typo}"
        );
        assert!(typo.contains("an event has account, action, actor, app, at, "), "{typo}");
        let branch =
            refused("{% if event.kind == 'finding.closed' and event.mode == 'live' %}{{ event.x }}{% endif %}1");
        assert!(branch.contains("(made for finding.closed)"), "{branch}");
        let missing = refused("{{ event.counts.held }}");
        assert!(missing.contains("|default(0)"), "{missing}");
        assert!(try_json("{{ event.counts.held|default(0) }}").is_ok());
        let quotes = refused("{\"text\": \"{{ event.why }}\"}");
        assert!(
            quotes.contains("what it makes of a made-up daemon.started is no JSON")
                && quotes.contains("write none around it"),
            "{quotes}"
        );
        let filter = refused("{{ event.why|slakc }}");
        assert!(filter.contains("slakc"), "{filter}");
        let secret = refused("{\"key\": \"s3cret\", \"a\": {{ event.x }}, \"s3cret\": {% if %} \"s3cret\"}");
        assert!(secret.contains("`{{ event.x }} … {% if %}`") && !secret.contains("s3cret"), "{secret}");
        // A long line is not repeated in full.
        assert!(refused(&format!("{{{{ event.x }}}}{}", "x".repeat(9_000))).len() < 400);
        // A kind that is not told is not tried.
        assert!(
            Template::new("{% if event.kind == 'round.closed' %}{{ x }}{% endif %}1", true, &[Kind::ActionDone])
                .is_ok()
        );
    }

    #[test]
    fn what_takes_too_long_or_makes_too_much_is_refused() {
        let nested = refused("{% for a in range(1000) %}{% for b in range(100) %}{% endfor %}{% endfor %}1");
        assert!(
            nested.ends_with("it takes too long (made for daemon.started): let its loops run over less"),
            "{nested}"
        );
        let text = |source: &str| Template::new(source, false, Kind::ALL).unwrap_err().to_string();
        let large = text("{{ 'x' * 1100000 }}");
        assert!(large.contains("larger than 1024 KiB (made for daemon.started)"), "{large}");
        assert!(Template::new("{{ 'x' * 1000000 }}", false, Kind::ALL).is_ok());
        for filter in ["{{ 'x'|indent(4000000000) }}", "{{ '%4000000000d'|format(1) }}"] {
            assert!(text(filter).contains("unknown filter"), "{filter}");
        }
    }

    #[test]
    fn every_field_of_the_manual_is_known() {
        let manual = include_str!("../../../docs/events.md");
        let rows =
            manual.lines().take_while(|line| !line.starts_with("## Kinds")).filter_map(|line| line.strip_prefix("| `"));
        let named: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
        assert!(named.len() > 20, "{named:?}");
        let known = fields_of(&samples(Kind::ActionDone)[0]);
        for field in named {
            assert!(known.contains_key(field), "{field} is in no made-up event");
        }
    }
}
