//! The way out: one request an event, one try a request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use simian_core::{Clock, Event, Sink, SinkError};

use super::{Address, cursor, judge, write};
use crate::config::WebhookConfig;
use crate::private::Private;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How much of an answer is read, in bytes, so that its connection can be used again. What is longer is hung up on.
const MAX_ANSWER: usize = 64 * 1024;

/// Posts events to one web server.
///
/// Redirects are not followed, the environment's proxies are not used, and nothing is tried again here: the pump does.
pub struct WebhookSink {
    config: WebhookConfig,
    name: String,
    secret: Option<Private>,
    headers: HeaderMap,
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
}

impl WebhookSink {
    /// Makes the client; connects to nobody. Must run inside Tokio, as all its methods.
    ///
    /// The error says what is wrong with the configuration, without any secret of it.
    pub fn new(config: WebhookConfig, secret: Option<Private>, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let name = cursor(&config.name);
        let mut headers = HeaderMap::new();
        let own = (CONTENT_TYPE.as_str(), config.content_type.as_str());
        let theirs = config.headers.iter().map(|(name, value)| (name.as_str(), value.open()));
        for (header, value) in std::iter::once(own).chain(theirs) {
            let wrong = || format!("{name}: `{header}` cannot be sent as a header: mend it in [[sinks.webhook]]");
            let key = HeaderName::from_bytes(header.as_bytes()).map_err(|_| wrong())?;
            let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
            value.set_sensitive(true);
            headers.insert(key, value);
        }
        let client = reqwest::Client::builder()
            .user_agent(concat!("simian/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(config.timeout.to_std().unwrap_or_default())
            .build()
            .map_err(|error| format!("{name}: cannot make a client: {}", deepest(&error)))?;
        if reqwest::Url::parse(config.address.whole()).is_err() {
            return Err(format!("{name}: the address at {} is none: mend url in [[sinks.webhook]]", config.address));
        }
        Ok(Self { config, name, secret, headers, client, clock })
    }

    async fn post(&self, event: &Event) -> Result<(), SinkError> {
        let Self { config, name, secret, headers, client, clock } = self;
        let refused = |message: String, lasting| SinkError::new(name, message, lasting);
        let letter = write(event, config.template.as_ref(), secret.as_ref(), clock.now()).map_err(|error| {
            refused(format!("the template makes no body: {error}; mend it in [[sinks.webhook]]"), true)
        })?;
        let mut request = client.post(config.address.whole()).headers(headers.clone()).body(letter.body);
        for (header, value) in letter.headers {
            request = request.header(header, value);
        }
        let mut answer = request.send().await.map_err(|error| refused(failure(&config.address, &error), false))?;
        let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let judged = judge(answer.status().as_u16(), after.as_deref(), clock.now());
        let mut read = 0;
        // The status has said it all: what goes wrong from here on changes nothing.
        while let Ok(Some(chunk)) = answer.chunk().await {
            read += chunk.len();
            if read > MAX_ANSWER {
                break;
            }
        }
        judged.map_err(|refusal| SinkError {
            wait: refusal.wait,
            ..refused(format!("{}: {}", config.address, refusal.message), refusal.lasting)
        })
    }
}

/// No answer came.
fn failure(address: &Address, error: &reqwest::Error) -> String {
    if error.is_timeout() {
        format!("{address} gave no answer in time")
    } else if error.is_connect() {
        format!("cannot connect to {address}: {}", deepest(error))
    } else {
        format!("the connection to {address} broke: {}", deepest(error))
    }
}

/// The last word of the chain: the operating system's, mostly. The first has the whole address in it.
fn deepest(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(error.source(), |error| error.source());
    chain.last().map_or_else(|| "no reason given".to_owned(), ToString::to_string)
}

#[async_trait]
impl Sink for WebhookSink {
    fn name(&self) -> &str {
        &self.name
    }

    async fn publish(&self, events: &[Event]) -> (usize, Option<SinkError>) {
        for (told, event) in events.iter().enumerate() {
            if self.config.kinds.contains(&event.body.kind)
                && let Err(error) = self.post(event).await
            {
                return (told, Some(error));
            }
        }
        (events.len(), None)
    }
}

impl fmt::Debug for WebhookSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("WebhookSink");
        shown.field("name", &self.name).field("address", &self.config.address).finish_non_exhaustive()
    }
}
