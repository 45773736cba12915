//! Commands inside instances: Run Command of Systems Manager.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ssm as systems;
use aws_sdk_ssm::operation::describe_instance_information::DescribeInstanceInformationError;
use aws_sdk_ssm::operation::get_command_invocation::{GetCommandInvocationError, GetCommandInvocationOutput};
use aws_sdk_ssm::operation::list_commands::ListCommandsError;
use aws_sdk_ssm::operation::send_command::SendCommandError;
use aws_sdk_ssm::types as ssm;
use chrono::{DateTime, SecondsFormat, Utc};
use simian_core::fault::{Node, Progress, Sent};
use simian_core::fleet::InstanceId;
use simian_core::ports::{CallError, Cause, Guests, STARTS_WITHIN};
use simian_core::scope::Region;

use crate::account::Account;
use crate::clients::{Clients, once};
use crate::convert::{Flaw, given, required, time};
use crate::error::Call;
use crate::limits::Meter;
use crate::pages::{distinct, each, whole};

/// The largest page of `DescribeInstanceInformation` and of `ListCommands` (their API references).
const ITEMS_A_PAGE: i32 = 50;

/// The instances of one call of `DescribeInstanceInformation`: a page. A filter takes 100 values (Systems Manager API,
/// `InstanceInformationStringFilter`).
const NODES_A_CALL: usize = 50;

/// AWS's document that runs shell commands as root, on Linux.
const DOCUMENT: &str = "AWS-RunShellScript";

/// How long a script may run, in seconds; then the agent ends it. A script begins something or ends it, and says so: what
/// lasts does not run in it. The document's own value is an hour (its parameter `executionTimeout`).
const RUNS_WITHIN: u32 = 120;

/// What `DescribeInstanceInformation` says of an id that is no managed node's (its API reference).
const NO_NODE: [&str; 2] = ["InvalidInstanceId", "InvalidInstanceInformationFilterValue"];

/// What `GetCommandInvocation` says of a command that it does not know, or not yet (its API reference).
const NO_INVOCATION: &str = "InvocationDoesNotExist";

/// Details of a failure without a run. Sources: Systems Manager API, `GetCommandInvocation`; its user guide, "Restricting Run
/// Command access based on instance tags", by which a sender without permission is told so here and not in the answer of
/// `SendCommand`.
const NEVER_RAN: [&str; 3] = ["AccessDenied", "Terminated", "Undeliverable"];

#[async_trait]
impl Guests for Account {
    async fn nodes(&self, region: &Region, ids: &[InstanceId]) -> Result<BTreeMap<InstanceId, Node>, CallError> {
        let on = self.scope(region);
        let call = self.call("ssm:DescribeInstanceInformation", &on);
        let clients = self.clients(region, &call)?;
        let mut all = BTreeMap::new();
        for chunk in distinct(ids.iter().map(InstanceId::as_str)).chunks(NODES_A_CALL) {
            match nodes(clients, &call, chunk).await {
                Err(error) if is_no_node(&error) => {
                    // One that is none is an error for all of them.
                    for id in chunk {
                        match nodes(clients, &call, std::slice::from_ref(id)).await {
                            Err(error) if is_no_node(&error) => {}
                            found => all.extend(found?),
                        }
                    }
                }
                found => all.extend(found?),
            }
        }
        Ok(all)
    }

    async fn send(&self, region: &Region, id: &InstanceId, comment: &str, script: &str) -> Result<String, CallError> {
        let on = self.scope(region);
        let mut call = self.call("ssm:SendCommand", &on);
        call.resource = Some(id.to_string());
        let clients = self.clients(region, &call)?;
        let request = clients
            .systems_once
            .send_command()
            .document_name(DOCUMENT)
            .instance_ids(id.as_str())
            .comment(comment)
            .timeout_seconds(i32::try_from(STARTS_WITHIN.num_seconds()).unwrap_or(i32::MAX))
            // The agent writes each command on a line of one file: a script may be one command. Document and parameters
            // together have 64 KB (Systems Manager API, `CreateDocument`); more is refused.
            .parameters("commands", vec![script.to_owned()])
            .parameters("executionTimeout", vec![RUNS_WITHIN.to_string()]);
        let answer = once!(clients, &call, send_command, systems, SendCommandError, request)?;
        let sent = required(answer.command.and_then(|command| command.command_id), "the command's id");
        sent.map_err(|flaw| call.malformed(&flaw))
    }

    async fn sent(&self, region: &Region, id: &InstanceId, since: DateTime<Utc>) -> Result<Vec<Sent>, CallError> {
        let on = self.scope(region);
        let call = &self.call("ssm:ListCommands", &on);
        let clients = self.clients(region, call)?;
        let bucket = &clients.limits.commands;
        // To the second, and the earlier one.
        let bound = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let after = ssm::CommandFilter::builder().key(ssm::CommandFilterKey::InvokedAfter).value(bound).build();
        let after = after.map_err(|error| call.malformed(&error.to_string()))?;
        let found = whole(bucket, call, |token| {
            let page = clients
                .systems
                .list_commands()
                .instance_id(id.as_str())
                .filters(after.clone())
                .max_results(ITEMS_A_PAGE)
                .set_next_token(token)
                .customize()
                .interceptor(Meter::<ListCommandsError>::new([bucket]))
                .send();
            async move {
                let page = page.await.map_err(|error| call.error(&error))?;
                Ok((each(call, page.commands, command)?, page.next_token))
            }
        });
        let mut all = found.await?;
        // The API does not say in which order they come.
        all.sort_by_key(|sent| std::cmp::Reverse(sent.at));
        Ok(all)
    }

    async fn progress(&self, region: &Region, id: &InstanceId, command: &str) -> Result<Progress, CallError> {
        let on = self.scope(region);
        let call = self.call("ssm:GetCommandInvocation", &on);
        let clients = self.clients(region, &call)?;
        let bucket = &clients.limits.invocations;
        bucket.turn().await;
        let answer = clients
            .systems
            .get_command_invocation()
            .command_id(command)
            .instance_id(id.as_str())
            .customize()
            .interceptor(Meter::<GetCommandInvocationError>::new([bucket]))
            .send()
            .await
            .map_err(|error| call.error(&error));
        match answer {
            // What was sent a moment ago may not be seen yet.
            Err(error) if error.cause == Cause::Refused(NO_INVOCATION.into()) => Ok(Progress::Running),
            Err(error) => Err(error),
            Ok(answer) => progress(answer).map_err(|flaw| call.malformed(&flaw)),
        }
    }
}

async fn nodes(clients: &Clients, call: &Call<'_>, ids: &[String]) -> Result<Vec<(InstanceId, Node)>, CallError> {
    let filter = ssm::InstanceInformationStringFilter::builder().key("InstanceIds").set_values(Some(ids.to_vec()));
    let filter = filter.build().map_err(|error| call.malformed(&error.to_string()))?;
    let bucket = &clients.limits.managed_nodes;
    let found = whole(bucket, call, |token| {
        let page = clients
            .systems
            .describe_instance_information()
            .filters(filter.clone())
            .max_results(ITEMS_A_PAGE)
            .set_next_token(token)
            .customize()
            .interceptor(Meter::<DescribeInstanceInformationError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            Ok((each(call, page.instance_information_list, node)?, page.next_token))
        }
    });
    found.await
}

fn is_no_node(error: &CallError) -> bool {
    matches!(&error.cause, Cause::Refused(code) if NO_NODE.contains(&code.as_str()))
}

/// `InstanceInformation` of the Systems Manager API.
fn node(theirs: ssm::InstanceInformation) -> Result<(InstanceId, Node), Flaw> {
    let id = required(theirs.instance_id, "a managed node's id")?;
    let online = theirs.ping_status == Some(ssm::PingStatus::Online);
    let linux = theirs.platform_type == Some(ssm::PlatformType::Linux);
    Ok((InstanceId::new(id), Node { online, linux }))
}

/// `Command` of the Systems Manager API.
fn command(theirs: ssm::Command) -> Result<Sent, Flaw> {
    let id = required(theirs.command_id, "a command's id")?;
    let at = time(theirs.requested_date_time).ok_or_else(|| format!("RequestedDateTime of {id} is missing"))?;
    Ok(Sent { comment: theirs.comment.unwrap_or_default(), at, id })
}

/// `GetCommandInvocationOutput` of the Systems Manager API. A script that ends with another exit code than zero failed, and so
/// did one that no agent could run: the details tell them apart, and the exit code -1 of what never ran.
fn progress(theirs: GetCommandInvocationOutput) -> Result<Progress, Flaw> {
    let status = required(theirs.status.map(|status| status.as_str().to_owned()), "the status of an invocation")?;
    let details = given(theirs.status_details).unwrap_or_else(|| status.clone());
    let output = theirs.standard_output_content.unwrap_or_default();
    // The guide writes some of them in two words.
    let ran = theirs.response_code != -1 && !NEVER_RAN.contains(&details.replace(' ', "").as_str());
    match status.as_str() {
        "Pending" | "InProgress" | "Delayed" | "Cancelling" => Ok(Progress::Running),
        "Success" => Ok(Progress::Ended { output }),
        "Failed" if ran => Ok(Progress::Ended { output }),
        "Failed" | "TimedOut" | "Cancelled" | "Undeliverable" | "Terminated" => Ok(Progress::Lost(details)),
        other => Err(format!("the unknown status `{other}` of an invocation")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_command_is() {
        let ended = || Progress::Ended { output: "done\n".into() };
        let lost = |word: &str| Progress::Lost(word.into());
        for (status, details, code, expected) in [
            ("Pending", Some("Pending"), -1, Progress::Running),
            ("InProgress", Some("InProgress"), -1, Progress::Running),
            ("Delayed", Some("Delayed"), -1, Progress::Running),
            ("Cancelling", Some("Cancelling"), -1, Progress::Running),
            ("Success", Some("Success"), 0, ended()),
            ("Failed", Some("Failed"), 1, ended()),
            ("Failed", None, 137, ended()),
            ("Failed", Some("Undeliverable"), 0, lost("Undeliverable")),
            ("Failed", Some("Terminated"), 0, lost("Terminated")),
            ("Failed", Some("Access Denied"), 0, lost("Access Denied")),
            ("Failed", Some("AccessDenied"), 0, lost("AccessDenied")),
            ("Failed", Some("Failed"), -1, lost("Failed")),
            ("TimedOut", Some("DeliveryTimedOut"), -1, lost("DeliveryTimedOut")),
            ("TimedOut", Some("ExecutionTimedOut"), 0, lost("ExecutionTimedOut")),
            ("TimedOut", None, -1, lost("TimedOut")),
            ("Cancelled", Some("Cancelled"), -1, lost("Cancelled")),
        ] {
            let theirs = GetCommandInvocationOutput::builder()
                .status(status.into())
                .set_status_details(details.map(str::to_owned))
                .response_code(code)
                .standard_output_content("done\n")
                .build();
            assert_eq!(progress(theirs), Ok(expected), "{status} {details:?} {code}");
        }
        let odd = GetCommandInvocationOutput::builder().status("Hovering".into()).build();
        assert_eq!(progress(odd).unwrap_err(), "the unknown status `Hovering` of an invocation");
        let none = GetCommandInvocationOutput::builder().build();
        assert_eq!(progress(none).unwrap_err(), "the status of an invocation is missing");
    }

    #[test]
    fn which_nodes_can_run_a_script() {
        let theirs = |ping: Option<&str>, platform: Option<&str>| {
            ssm::InstanceInformation::builder()
                .instance_id("i-1")
                .set_ping_status(ping.map(Into::into))
                .set_platform_type(platform.map(Into::into))
                .build()
        };
        for (ping, platform, online, linux) in [
            (Some("Online"), Some("Linux"), true, true),
            (Some("ConnectionLost"), Some("Linux"), false, true),
            (Some("Online"), Some("Windows"), true, false),
            (Some("Inactive"), Some("MacOS"), false, false),
            (None, None, false, false),
        ] {
            let (id, ours) = node(theirs(ping, platform)).unwrap();
            assert_eq!((id.as_str(), ours), ("i-1", Node { online, linux }));
        }
        assert_eq!(node(ssm::InstanceInformation::builder().build()).unwrap_err(), "a managed node's id is missing");
    }

    #[test]
    fn a_command_has_an_id_and_a_time() {
        let at = aws_smithy_types::DateTime::from_secs(1_795_456_800);
        let theirs = || ssm::Command::builder().command_id("c-1").requested_date_time(at);
        let ours = command(theirs().comment("simian").build()).unwrap();
        assert_eq!((ours.id.as_str(), ours.comment.as_str(), ours.at.timestamp()), ("c-1", "simian", 1_795_456_800));
        assert_eq!(command(theirs().build()).unwrap().comment, "");
        let timeless = theirs().set_requested_date_time(None).build();
        assert_eq!(command(timeless).unwrap_err(), "RequestedDateTime of c-1 is missing");
        assert_eq!(command(theirs().set_command_id(None).build()).unwrap_err(), "a command's id is missing");
    }
}
