//! Events on a web server: one `POST` each, in order.
//!
//! `template` writes the body, `letter` the headers and the signature, `answer` reads what came back, and `post` sends
//! it (with the feature `aws`, as all that leaves the machine).
//!
//! What may not happen here: no secret, no value of a header and no path of an address in a log, an error or a `Debug`;
//! nothing of an answer is repeated, because it may echo what we sent.

mod address;
mod answer;
mod letter;
#[cfg(feature = "aws")]
mod post;
mod secret;
mod template;

pub use address::{Address, AddressError};
pub use answer::{Refusal, judge};
pub use letter::{EVENT_ID, LEDGER_SEQ, Letter, SIGNATURE, sign, write};
#[cfg(feature = "aws")]
pub use post::WebhookSink;
pub use secret::{SecretError, SecretSource};
pub use template::{Template, TemplateError};

/// A webhook's name in the ledger's cursors.
pub fn cursor(name: &str) -> String {
    format!("webhook:{name}")
}
