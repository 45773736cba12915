//! Experiments of AWS FIS: one action on some instances, and how far it is.

use std::collections::HashMap;

use aws_config::timeout::TimeoutConfig;
use aws_sdk_fis as fis;
use aws_sdk_fis::operation::create_experiment_template::CreateExperimentTemplateError;
use aws_sdk_fis::operation::delete_experiment_template::DeleteExperimentTemplateError;
use aws_sdk_fis::operation::get_experiment::GetExperimentError;
use aws_sdk_fis::operation::start_experiment::StartExperimentError;
use aws_sdk_fis::operation::stop_experiment::StopExperimentError;
use aws_sdk_fis::types::{
    CreateExperimentTemplateActionInput, CreateExperimentTemplateStopConditionInput,
    CreateExperimentTemplateTargetInput, ExperimentActionStatus as Doing, ExperimentStatus,
};
use simian_core::action::Action;
use simian_core::experiment::{Experiment, Experimented};
use simian_core::ports::{CallError, Cause, Effect};

use crate::clients::{Clients, once};
use crate::convert::{Flaw, required};
use crate::error::{Call, readable};
use crate::limits::Meter;

/// The tag of a template and its experiment: what narrows the permissions, and tells whose it is.
const TAG: &str = "simian:experiment";

/// What tells Spot instances that they will be interrupted.
const INTERRUPT: &str = "aws:ec2:send-spot-instance-interruptions";

/// From the notice to the end: the shortest that FIS takes, and what EC2 itself gives. Source: AWS FIS user guide,
/// `aws:ec2:send-spot-instance-interruptions`.
const NOTICE: &str = "PT2M";

/// What FIS calls an action: its id, what its targets are called in it, their type, and its parameters. Source: AWS FIS
/// user guide, "AWS FIS Actions reference".
struct Named {
    id: &'static str,
    targets: &'static str,
    resource: &'static str,
    parameters: Option<(&'static str, &'static str)>,
}

fn named(action: Action) -> Option<Named> {
    let of_instances = |id| Named { id, targets: "Instances", resource: "aws:ec2:instance", parameters: None };
    match action {
        Action::Terminate => Some(of_instances("aws:ec2:terminate-instances")),
        Action::Reboot => Some(of_instances("aws:ec2:reboot-instances")),
        Action::SpotInterruption => Some(Named {
            id: INTERRUPT,
            targets: "SpotInstances",
            resource: "aws:ec2:spot-instance",
            parameters: Some(("durationBeforeInterruption", NOTICE)),
        }),
        _ => None,
    }
}

/// One of the two calls that begin an experiment: half of what a write may take, so that both together take no longer
/// than one.
macro_rules! half {
    ($clients:expr, $call:expr, $error:ty, $request:expr) => {{
        let bucket = &$clients.limits.experiment;
        let timeouts = $clients.admit($call, &[(bucket, 1)]).await?;
        let half = timeouts.operation_timeout().unwrap_or_default() / 2;
        let timeouts = TimeoutConfig::builder().operation_timeout(half).build();
        $request
            .customize()
            .config_override(fis::Config::builder().timeout_config(timeouts))
            .interceptor(Meter::<$error>::new([bucket]))
            .send()
            .await
            .map_err(|error| $call.error(&error))
    }};
}

/// Makes a template, starts an experiment of it, and deletes the template: a running experiment has its own copy.
pub(crate) async fn begin(clients: &Clients, call: &Call<'_>, experiment: &Experiment) -> Result<String, CallError> {
    let create = &call.named("fis:CreateExperimentTemplate");
    let template = template(clients, create, experiment).await?;
    let started = start(clients, call, &template, &experiment.token).await;
    // Where it is unclear whether it started, the same call comes again, and needs it.
    if !started.as_ref().is_err_and(|error| error.cause.effect() == Effect::Unknown) {
        delete(clients, &call.named("fis:DeleteExperimentTemplate"), &template).await;
    }
    started
}

async fn template(clients: &Clients, call: &Call<'_>, experiment: &Experiment) -> Result<String, CallError> {
    let Some(named) = named(experiment.action) else {
        let why = format!("AWS FIS has nothing like {}", experiment.action);
        return Err(call.failed(Cause::Refused("NoSuchAction".into()), &why));
    };
    let unfit = |error: fis::error::BuildError| call.failed(Cause::Refused("Unfit".into()), &error.to_string());
    let arns = experiment.targets.iter().map(|id| clients.arn("ec2", &format!("instance/{id}"))).collect();
    let targets = CreateExperimentTemplateTargetInput::builder()
        .resource_type(named.resource)
        .set_resource_arns(Some(arns))
        .selection_mode("ALL")
        .build()
        .map_err(unfit)?;
    let parameters = named.parameters.map(|(key, value)| HashMap::from([(key.to_owned(), value.to_owned())]));
    let action = CreateExperimentTemplateActionInput::builder()
        .action_id(named.id)
        .set_parameters(parameters)
        .targets(named.targets, "targets")
        .build()
        .map_err(unfit)?;
    let condition = |source: &str, value: Option<String>| {
        CreateExperimentTemplateStopConditionInput::builder().source(source).set_value(value).build().map_err(unfit)
    };
    let alarms = experiment.alarms.iter().map(|name| clients.arn("cloudwatch", &format!("alarm:{name}")));
    let mut stops = alarms.map(|arn| condition("aws:cloudwatch:alarm", Some(arn))).collect::<Result<Vec<_>, _>>()?;
    if stops.is_empty() {
        stops.push(condition("none", None)?);
    }
    let request = clients
        .experiments_once
        .create_experiment_template()
        .client_token(&experiment.token)
        .description(format!("simian: {}", experiment.action))
        .set_stop_conditions(Some(stops))
        .targets("targets", targets)
        .actions("action", action)
        .role_arn(clients.role_arn(&experiment.role))
        .tags(TAG, &experiment.token);
    let answer = half!(clients, call, CreateExperimentTemplateError, request)?;
    let id = answer.experiment_template.and_then(|template| template.id);
    required(id, "the template's id").map_err(|flaw| call.malformed(&flaw))
}

async fn start(clients: &Clients, call: &Call<'_>, template: &str, token: &str) -> Result<String, CallError> {
    let request = clients
        .experiments_once
        .start_experiment()
        .client_token(token)
        .experiment_template_id(template)
        .tags(TAG, token);
    let answer = half!(clients, call, StartExperimentError, request)?;
    let id = answer.experiment.and_then(|experiment| experiment.id);
    required(id, "the experiment's id").map_err(|flaw| call.malformed(&flaw))
}

/// A template that stays does nothing, and has its tag.
async fn delete(clients: &Clients, call: &Call<'_>, template: &str) {
    let delete = async {
        let request = clients.experiments_once.delete_experiment_template().id(template);
        once!(clients, call, experiment, fis, DeleteExperimentTemplateError, request)
    };
    if let Err(error) = delete.await {
        tracing::warn!(%error, template, "an experiment's template stays; nothing comes of it");
    }
}

/// Stops an experiment.
pub(crate) async fn stop(clients: &Clients, call: &Call<'_>, id: &str) -> Result<(), CallError> {
    let request = clients.experiments_once.stop_experiment().id(id);
    once!(clients, call, experiment, fis, StopExperimentError, request)?;
    Ok(())
}

/// How far an experiment is.
pub(crate) async fn state(clients: &Clients, call: &Call<'_>, id: &str) -> Result<Experimented, CallError> {
    let bucket = &clients.limits.experiments;
    bucket.turn().await;
    let answer = clients
        .experiments
        .get_experiment()
        .id(id)
        .customize()
        .interceptor(Meter::<GetExperimentError>::new([bucket]))
        .send()
        .await
        .map_err(|error| call.error(&error))?;
    experimented(answer.experiment).map_err(|flaw| call.malformed(&flaw))
}

/// `Experiment` of the FIS API, and the one action in it: an experiment runs before its action has done anything.
fn experimented(theirs: Option<fis::types::Experiment>) -> Result<Experimented, Flaw> {
    let theirs = theirs.ok_or("the experiment is missing")?;
    let state = theirs.state.ok_or("the state of the experiment is missing")?;
    let status = state.status.ok_or("the status of the experiment is missing")?;
    let action = theirs.actions.and_then(|actions| actions.into_values().next());
    let lasts = action.as_ref().is_some_and(|action| action.action_id.as_deref() == Some(INTERRUPT));
    let doing = action.and_then(|action| action.state?.status);
    Ok(match (status, doing) {
        (ExperimentStatus::Completed, _) | (ExperimentStatus::Running, Some(Doing::Completed)) => Experimented::Done,
        (ExperimentStatus::Running, Some(Doing::Running)) if lasts => Experimented::Done,
        (ExperimentStatus::Pending | ExperimentStatus::Initiating | ExperimentStatus::Running, _) => {
            Experimented::Beginning
        }
        (
            status @ (ExperimentStatus::Stopping
            | ExperimentStatus::Stopped
            | ExperimentStatus::Failed
            | ExperimentStatus::Cancelled),
            doing,
        ) => {
            let reason = readable(&state.reason.unwrap_or_default());
            let why = if reason.is_empty() { status.to_string() } else { format!("{status}: {reason}") };
            let idle = matches!(
                doing,
                None | Some(Doing::Pending | Doing::Initiating | Doing::Cancelled | Doing::Skipped | Doing::Failed)
            );
            Experimented::Stopped { why, begun: !idle }
        }
        (other, _) => return Err(format!("the experiment has the unknown status `{other}`")),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_fis::types::{Experiment, ExperimentAction, ExperimentActionState, ExperimentState};

    use super::*;

    fn of(id: &str, status: &str, doing: Option<&str>, reason: Option<&str>) -> Result<Experimented, Flaw> {
        let state = ExperimentState::builder().status(status.into()).set_reason(reason.map(str::to_owned)).build();
        let doing = doing.map(|doing| ExperimentActionState::builder().status(doing.into()).build());
        let action = ExperimentAction::builder().action_id(id).set_state(doing).build();
        experimented(Some(Experiment::builder().state(state).actions("action", action).build()))
    }

    #[test]
    fn what_its_action_does_says_whether_something_happened() {
        const END: &str = "aws:ec2:terminate-instances";
        let stopped = |why: &str, begun| Ok(Experimented::Stopped { why: why.into(), begun });
        for (id, status, doing, expected) in [
            (END, "pending", None, Ok(Experimented::Beginning)),
            (END, "initiating", Some("pending"), Ok(Experimented::Beginning)),
            (END, "running", Some("initiating"), Ok(Experimented::Beginning)),
            (END, "running", Some("running"), Ok(Experimented::Beginning)),
            (INTERRUPT, "running", Some("initiating"), Ok(Experimented::Beginning)),
            (INTERRUPT, "running", Some("running"), Ok(Experimented::Done)),
            (END, "running", Some("completed"), Ok(Experimented::Done)),
            (END, "completed", Some("completed"), Ok(Experimented::Done)),
            (END, "failed", Some("failed"), stopped("failed", false)),
            (END, "stopped", Some("cancelled"), stopped("stopped", false)),
            (END, "stopping", Some("running"), stopped("stopping", true)),
            (END, "stopped", Some("completed"), stopped("stopped", true)),
            (END, "stopped", None, stopped("stopped", false)),
        ] {
            assert_eq!(of(id, status, doing, None), expected, "{id} {status} {doing:?}");
        }
        assert_eq!(of(END, "failed", None, Some("no targets")), stopped("failed: no targets", false));
        assert!(of(END, "resting", None, None).unwrap_err().contains("unknown status `resting`"));
        assert!(experimented(None).is_err() && experimented(Some(Experiment::builder().build())).is_err());
    }

    #[test]
    fn whatever_an_experiment_can_do_has_its_name_there() {
        use simian_core::action::ByExperiment;
        for action in Action::ALL {
            assert_eq!(named(action).is_some(), action.by_experiment() != ByExperiment::Never, "{action}");
        }
    }
}
