//! A topic in the account, and queues that hear it.

use std::collections::BTreeMap;

use serde_json::Value;
use simian_core::Event;

use crate::moto::{Moto, elements, text};
use crate::place::event;

const SNS: &str = "2010-03-31";
const SQS: &str = "2012-11-05";

/// Topics, queues and who hears what.
pub(crate) struct Post<'m> {
    moto: &'m Moto,
    pub(crate) topic: String,
}

impl<'m> Post<'m> {
    pub(crate) fn new(moto: &'m Moto) -> Self {
        let topic = elements(&moto.query("sns", SNS, "CreateTopic", &[("Name", "simian")]), "TopicArn").remove(0);
        Self { moto, topic }
    }

    /// A queue that hears what the policy lets through; its URL.
    pub(crate) fn subscribe(&self, name: &str, policy: &Value) -> String {
        let made = self.moto.query("sqs", SQS, "CreateQueue", &[("QueueName", name)]);
        let queue = format!("arn:aws:sqs:us-east-1:123456789012:{name}");
        let policy = policy.to_string();
        let parameters = [
            ("TopicArn", self.topic.as_str()),
            ("Protocol", "sqs"),
            ("Endpoint", &queue),
            ("Attributes.entry.1.key", "FilterPolicy"),
            ("Attributes.entry.1.value", &policy),
        ];
        self.moto.query("sns", SNS, "Subscribe", &parameters);
        elements(&made, "QueueUrl").remove(0)
    }

    /// All that a queue holds: each event as it was sent, with its attributes, in the order of arrival.
    pub(crate) fn received(&self, queue: &str) -> Vec<(Event, BTreeMap<String, String>)> {
        let mut all = Vec::new();
        loop {
            let parameters = [("QueueUrl", queue), ("MaxNumberOfMessages", "10"), ("VisibilityTimeout", "3600")];
            let bodies = elements(&self.moto.query("sqs", SQS, "ReceiveMessage", &parameters), "Body");
            if bodies.is_empty() {
                return all;
            }
            for body in bodies {
                let envelope: Value = serde_json::from_str(&body).unwrap();
                let attributes = envelope["MessageAttributes"].as_object().unwrap().iter();
                let attributes = attributes.map(|(name, attribute)| {
                    assert_eq!(attribute["Type"], "String", "{name}");
                    (name.clone(), text(&attribute["Value"]))
                });
                let attributes = attributes.collect();
                all.push((event(envelope["Message"].as_str().unwrap()), attributes));
            }
        }
    }
}
