//! Events on an SNS topic, one message each, in order.
//!
//! One `Publish` an event, and none before the one before it was taken. `PublishBatch` may take a later message of a
//! batch and not an earlier one (SNS API, `PublishBatch`: "a combination of successful and unsuccessful actions"), and
//! what was taken cannot be called back: on a FIFO topic its group would be out of order for good.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sns::Client;
use aws_sdk_sns::config::Builder;
use aws_sdk_sns::types::MessageAttributeValue;
use simian_core::claim::CALL_TIMEOUT;
use simian_core::event::Event;
use simian_core::ports::{CallError, Cause, Clock, Sink, SinkError};
use simian_core::scope::Region;

use crate::base;
use crate::error::Call;

mod message;

/// A topic's ARN, of a standard topic or a FIFO one. Source: SNS Developer Guide, "Amazon SNS topic ARN".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    arn: String,
    region: Region,
}

/// What the name of a FIFO topic ends in.
const FIFO: &str = ".fifo";

/// Why a text names no topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// Not a topic's ARN.
    #[error("`{0}` is not a topic's ARN: write it as in arn:aws:sns:us-east-1:123456789012:simian")]
    Arn(String),
}

impl Topic {
    /// The ARN.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Whether it keeps the order of what is published. Source: SNS API, `CreateTopic`: such a name ends in `.fifo`.
    pub fn is_fifo(&self) -> bool {
        self.arn.ends_with(FIFO)
    }

    /// The region that it is in.
    pub fn region(&self) -> &Region {
        &self.region
    }
}

impl FromStr for Topic {
    type Err = TopicError;
    fn from_str(text: &str) -> Result<Self, TopicError> {
        let wrong = || TopicError::Arn(text.to_owned());
        let ["arn", partition, "sns", region, account, name] = text.split(':').collect::<Vec<_>>()[..] else {
            return Err(wrong());
        };
        let region = region.parse().map_err(|_| wrong())?;
        let plain = name.strip_suffix(FIFO).unwrap_or(name);
        let named = !plain.is_empty()
            && name.len() <= 256
            && plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let owned = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if !partition.starts_with("aws") || !named || !owned {
            return Err(wrong());
        }
        Ok(Self { arn: text.to_owned(), region })
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.arn)
    }
}

/// Publishes events to one topic with the credentials as they are. An event may arrive twice (the SDK tries three
/// times), always with the same id; on a FIFO topic not within five minutes, because its id is the deduplication id.
#[derive(Debug)]
pub struct SnsSink {
    client: Client,
    topic: Topic,
}

impl SnsSink {
    /// Reads the environment and the profile files; calls nobody. Must run inside Tokio, as all its methods.
    pub async fn connect(topic: Topic, clock: Arc<dyn Clock>) -> Self {
        let config = base::load(&topic.region, &clock, CALL_TIMEOUT).await;
        Self { client: Client::from_conf(Builder::from(&config).build()), topic }
    }

    async fn tell(&self, event: &Event) -> Result<(), CallError> {
        let call = Call { name: "sns:Publish", on: &self.topic.arn, resource: None, role: None };
        let mut attributes = std::collections::HashMap::new();
        for (name, value) in message::attributes(event) {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value)
                .build()
                .map_err(|error| call.failed(Cause::Refused("InvalidRequest".into()), &error.to_string()))?;
            attributes.insert(name.to_owned(), value);
        }
        let fifo = self.topic.is_fifo();
        self.client
            .publish()
            .topic_arn(&self.topic.arn)
            .message(message::body(event))
            .set_message_attributes(Some(attributes))
            .set_message_group_id(fifo.then(|| message::group(event)))
            .set_message_deduplication_id(fifo.then(|| event.id.to_string()))
            .send()
            .await
            .map_err(|error| call.error(&error))?;
        Ok(())
    }
}

#[async_trait]
impl Sink for SnsSink {
    fn name(&self) -> &'static str {
        "sns"
    }

    async fn publish(&self, events: &[Event]) -> (usize, Option<SinkError>) {
        for (arrived, event) in events.iter().enumerate() {
            if let Err(error) = self.tell(event).await {
                return (arrived, Some(sink_error(&self.topic, &error)));
            }
        }
        (events.len(), None)
    }
}

/// What an operator is told, and whether only an operator can mend it. Codes: SNS API, `Publish`.
fn sink_error(topic: &Topic, error: &CallError) -> SinkError {
    let (lasting, remedy) = match &error.cause {
        Cause::Refused(code) if code == "NotFound" => {
            let message = format!(
                "the topic {topic} does not exist: create it, or mend topic_arn in [sinks.sns] ({})",
                error.message
            );
            return SinkError::new("sns", message, true);
        }
        Cause::Refused(code) if code.starts_with("KMS") => (true, ": let us use the topic's key"),
        Cause::Refused(_) | Cause::InUse(_) | Cause::Gone(_) => (true, ": mend the topic or [sinks.sns]"),
        // Its text says what to do.
        Cause::Denied => (true, ""),
        Cause::Credentials => (true, ": mend the credentials"),
        Cause::Throttled | Cause::Unreachable | Cause::Timeout | Cause::Broken | Cause::Malformed => (false, ""),
    };
    SinkError::new("sns", format!("{error}{remedy}"), lasting)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sns:eu-west-1:123456789012:simian";

    #[test]
    fn the_region_is_the_topics() {
        let topic: Topic = ARN.parse().unwrap();
        assert_eq!((topic.arn(), topic.region().as_str()), (ARN, "eu-west-1"));
        assert!("arn:aws-cn:sns:cn-north-1:123456789012:ops_Events-2".parse::<Topic>().is_ok());
    }

    #[test]
    fn a_fifo_topic_is_known_by_its_name() {
        let fifo: Topic = format!("{ARN}.fifo").parse().unwrap();
        assert!(fifo.is_fifo());
        let standard: Topic = ARN.parse().unwrap();
        assert!(!standard.is_fifo());
    }

    #[test]
    fn what_is_no_topic_is_refused() {
        for bad in [
            "",
            "simian",
            "arn:aws:sns:eu-west-1:123456789012:",
            "arn:aws:sns:eu-west-1:123456789012:.fifo",
            "arn:aws:sns::123456789012:simian",
            "arn:aws:sns:eu-west-1:1234:simian",
            "arn:aws:sqs:eu-west-1:123456789012:simian",
            "arn:gcp:sns:eu-west-1:123456789012:simian",
            "arn:aws:sns:eu-west-1:123456789012:two words",
            // A subscription.
            "arn:aws:sns:eu-west-1:123456789012:simian:01234567-89ab-cdef-0123-456789abcdef",
        ] {
            assert_eq!(bad.parse::<Topic>(), Err(TopicError::Arn(bad.into())));
        }
    }

    #[test]
    fn what_waiting_will_not_mend_is_lasting_and_names_the_remedy() {
        let topic: Topic = ARN.parse().unwrap();
        let said = |cause: Cause| {
            sink_error(&topic, &CallError { call: "sns:Publish", on: ARN.into(), cause, message: "they said".into() })
        };
        for (cause, remedy) in [
            (Cause::Refused("NotFound".into()), "create it, or mend topic_arn in [sinks.sns] (they said)"),
            (Cause::Refused("InvalidParameter".into()), "mend the topic or [sinks.sns]"),
            (Cause::Refused("KMSAccessDenied".into()), "let us use the topic's key"),
            (Cause::Denied, "no permission for sns:Publish on arn:aws:sns:eu-west-1:123456789012:simian: allow it"),
            (Cause::Credentials, "mend the credentials"),
        ] {
            let error = said(cause);
            assert!(error.lasting && error.message.contains(remedy) && error.message.contains(ARN), "{error}");
        }
        for cause in [Cause::Throttled, Cause::Unreachable, Cause::Timeout, Cause::Broken, Cause::Malformed] {
            assert!(!said(cause).lasting);
        }
    }
}
