//! An event as a request: its body, its headers, and the signature by which a receiver knows that it is ours.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use simian_core::Event;
use simian_core::event::hex;

use super::{Template, TemplateError};
use crate::private::Private;

/// The event's id. Who gets a letter twice knows it by this.
pub const EVENT_ID: &str = "simian-event-id";

/// The event's number in its chain.
pub const LEDGER_SEQ: &str = "simian-ledger-seq";

/// When it was signed, and the signature: `t=UNIX,v1=HEX`.
pub const SIGNATURE: &str = "simian-signature";

/// What is posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Our own headers, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

/// Writes an event's letter: by the template, and without one the canonical JSON.
pub fn write(
    event: &Event,
    template: Option<&Template>,
    secret: Option<&Private>,
    now: DateTime<Utc>,
) -> Result<Letter, TemplateError> {
    let body = match template {
        Some(template) => template.render(event)?,
        None => event.canonical(),
    };
    let mut headers = vec![(EVENT_ID, event.id.to_string()), (LEDGER_SEQ, event.seq.to_string())];
    if let Some(secret) = secret {
        headers.push((SIGNATURE, sign(secret, now, &body)));
    }
    Ok(Letter { headers, body })
}

/// `t=UNIX,v1=HEX`: the HMAC-SHA256 of the time, a dot and the body. The time is in it so that a receiver can refuse a
/// letter that somebody kept and sends again later.
pub fn sign(secret: &Private, now: DateTime<Utc>, body: &str) -> String {
    // HMAC takes keys of any length (RFC 2104, section 2).
    #[expect(clippy::expect_used, reason = "a key of any length is valid")]
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.open().as_bytes()).expect("HMAC takes any key");
    let at = now.timestamp();
    mac.update(format!("{at}.").as_bytes());
    mac.update(body.as_bytes());
    format!("t={at},v1={}", hex(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use simian_core::{Draft, Kind, Mode};
    use uuid::Uuid;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_456_800, 999_000_000).unwrap()
    }

    #[test]
    fn the_signature_is_what_the_manual_says() {
        // printf '1795456800.{}' | openssl dgst -sha256 -hmac s3cret
        let expected = "t=1795456800,v1=e8372cba51b9f08d6ce4b5a6a61b1a8d223eab0c882324f9b14c01aa3937f8e0";
        assert_eq!(sign(&Private::new("s3cret"), now(), "{}"), expected);
        assert_ne!(sign(&Private::new("s3cret"), now(), "{ }"), expected);
        assert_ne!(sign(&Private::new("s3creT"), now(), "{}"), expected);
        assert_ne!(sign(&Private::new("s3cret"), now() + chrono::TimeDelta::seconds(1), "{}"), expected);
    }

    #[test]
    fn without_a_template_it_is_the_event_itself() {
        let event =
            Event::seal(Draft::new(now(), Kind::DaemonStarted, Mode::Live, "up"), Uuid::nil(), "w", 7, "p".into());
        let letter = write(&event, None, None, now()).unwrap();
        assert_eq!(letter.body, event.canonical());
        assert_eq!(letter.headers, [(EVENT_ID, event.id.to_string()), (LEDGER_SEQ, "7".to_owned())]);
        let secret = Private::new("s3cret");
        let signed = write(&event, None, Some(&secret), now()).unwrap();
        assert_eq!(signed.headers[2], (SIGNATURE, sign(&secret, now(), &signed.body)));
    }
}
