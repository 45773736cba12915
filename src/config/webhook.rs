//! `[[sinks.webhook]]`: its keys, and what they must agree on.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use chrono::TimeDelta;
use simian_core::Kind;
use toml::de::DeValue;

use super::document::{Table, nearest};
use super::read::{name, parsed, path, span, text};
use super::schema::Rules;
use super::{WebhookConfig, is_json};
use crate::private::Private;
use crate::sinks::webhook::{SecretSource, Template};

/// A server that needs longer than a minute to take an event holds up all that come after it.
const TIMEOUT: (TimeDelta, TimeDelta) = (TimeDelta::seconds(1), TimeDelta::seconds(60));

/// The largest file of a template, in bytes.
const MAX_TEMPLATE: u64 = 64 * 1024;

/// The word for the template that is built in.
const SLACK: &str = "slack";

/// A message for an incoming webhook of Slack.
const SLACK_TEMPLATE: &str = include_str!("../../config/slack.json.jinja");

/// The headers that say how a request is sent, or that are ours to write.
const OURS: [&str; 8] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
    "simian-event-id",
    "simian-ledger-seq",
    "simian-signature",
];

/// Reads them all. What is wrong is noted.
pub(super) fn webhooks(sinks: &mut Table<'_>, rules: &Rules<'_>) -> Vec<WebhookConfig> {
    let seen: RefCell<Vec<String>> = RefCell::default();
    let read = sinks.tables("webhook", |table| {
        let name = table.need("name", "\"ops\"", name);
        if let Some(name) = &name {
            if seen.borrow().contains(name) {
                table.wrong("name", &format!("another webhook is called `{name}` already: choose another name"));
            }
            seen.borrow_mut().push(name.clone());
        }
        webhook(table, name, rules)
    });
    read.unwrap_or_default().into_iter().flatten().collect()
}

/// `None` only when something was wrong, and noted.
fn webhook(table: &mut Table<'_>, name: Option<String>, rules: &Rules<'_>) -> Option<WebhookConfig> {
    let address = table.need("url", "\"https://hooks.example.com/simian\"", parsed);
    let kinds = kinds(table);
    let content_type = table.get("content_type", content_type).unwrap_or_else(|| "application/json".to_owned());
    let template = template(table, &content_type, &kinds, rules);
    let secret = secret(table, rules);
    let headers = table.map("headers", header).unwrap_or_default();
    let timeout = table.get("timeout", span(TIMEOUT.0, TIMEOUT.1)).unwrap_or(WebhookConfig::TIMEOUT);
    Some(WebhookConfig { name: name?, address: address?, template, content_type, secret, headers, timeout, kinds })
}

/// Kinds, and families of them as `action.*`. Without the key all of them.
fn kinds(table: &mut Table<'_>) -> Vec<Kind> {
    let families = table.list("kinds", |value| {
        let word = text(value)?;
        let of: Vec<Kind> = match word.strip_suffix('*') {
            Some(family) if family.ends_with('.') => {
                Kind::ALL.iter().copied().filter(|kind| kind.as_str().starts_with(family)).collect()
            }
            _ => word.parse().into_iter().collect(),
        };
        if of.is_empty() {
            let remedy = match nearest(word, Kind::ALL.iter().map(|kind| kind.as_str())) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "write kinds as in [\"action.done\", \"finding.*\"]".to_owned(),
            };
            return Err(format!("`{word}` is no kind of event: {remedy}"));
        }
        Ok(of)
    });
    if families.as_ref().is_some_and(Vec::is_empty) {
        table.wrong("kinds", "there is none, so nothing is ever told: name at least one, or remove the key");
    }
    match families {
        Some(families) => {
            Kind::ALL.iter().copied().filter(|kind| families.iter().flatten().any(|of| of == kind)).collect()
        }
        None => Kind::ALL.to_vec(),
    }
}

fn content_type(value: &DeValue<'_>) -> Result<String, String> {
    let written = text(value)?;
    let plain = written.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    match written.split_once('/') {
        Some((before, after)) if plain && !before.is_empty() && !after.is_empty() => Ok(written.to_owned()),
        _ => Err(format!("`{written}` is no media type: write it as in \"text/plain; charset=utf-8\"")),
    }
}

/// The template, tried; in the config or in a file of its own.
fn template(table: &mut Table<'_>, content_type: &str, kinds: &[Kind], rules: &Rules<'_>) -> Option<Template> {
    let compile = |source: &str| Template::new(source, is_json(content_type), kinds);
    let inline = table.get("template", |value| match text(value)? {
        SLACK if !is_json(content_type) => {
            Err(format!("`{SLACK}` makes JSON, and content_type says {content_type}: remove content_type"))
        }
        SLACK => compile(SLACK_TEMPLATE).map_err(|error| error.to_string()),
        source => compile(source).map_err(|error| error.to_string()),
    });
    let named = table.get("template_file", |value| {
        let path = rules.base.join(path(value)?);
        let file = path.display();
        compile(&read(&path).map_err(|why| format!("cannot read the template {file}: {why}"))?).map_err(|error| {
            let line = error.line.map(|line| format!(":{line}")).unwrap_or_default();
            format!("{file}{line}: {}", error.why)
        })
    });
    if table.has("template") && table.has("template_file") {
        table.wrong("template_file", "there is a template already: remove one of the two");
    }
    inline.or(named)
}

fn read(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_TEMPLATE + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_TEMPLATE {
        return Err(format!("it is larger than {} KiB, so it is no template", MAX_TEMPLATE >> 10));
    }
    String::from_utf8(bytes).map_err(|_| "it is no UTF-8".to_owned())
}

/// Where the secret is. It is read when the daemon starts, so that a config can be checked without it.
fn secret(table: &mut Table<'_>, rules: &Rules<'_>) -> Option<SecretSource> {
    let file = table.get("secret_file", path).map(|path| SecretSource::File(rules.base.join(path)));
    let variable = table.get("secret_env", |value| {
        let name = text(value)?;
        if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            Ok(SecretSource::Variable(name.to_owned()))
        } else {
            Err("it names no variable: write the name of one, as in \"SIMIAN_WEBHOOK_SECRET\"".to_owned())
        }
    });
    if table.has("secret_file") && table.has("secret_env") {
        table.wrong("secret_env", "there is a secret_file already: remove one of the two");
    }
    file.or(variable)
}

/// A header. Its value may be a secret and is not repeated. Source: RFC 9110, sections 5.1 and 5.5.
fn header(name: &str, value: &DeValue<'_>) -> Result<Private, String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(format!("`{name}` is no name of a header: write letters, digits and `-`"));
    }
    if OURS.contains(&name.to_lowercase().as_str()) {
        return Err(format!("`{name}` is written by simian: remove it (content_type has a key of its own)"));
    }
    match value.as_str() {
        Some(text) if text.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)) => Ok(Private::new(text)),
        _ => Err("write its value as a text in quotes, of ASCII letters without line breaks".to_owned()),
    }
}
