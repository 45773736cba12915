//! Where balancers send what they get: the rules of the listeners before some target groups.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::operation::describe_listeners::DescribeListenersError;
use aws_sdk_elasticloadbalancingv2::operation::describe_rules::DescribeRulesError;
use aws_sdk_elasticloadbalancingv2::operation::describe_target_groups::DescribeTargetGroupsError;
use aws_sdk_elasticloadbalancingv2::types as elb;
use simian_core::ports::CallError;
use simian_core::route::Route;

use crate::clients::Clients;
use crate::convert::{Flaw, given, required};
use crate::error::Call;
use crate::limits::Meter;
use crate::pages::{distinct, each, side_by_side, whole};

/// The largest page of `DescribeListeners` and `DescribeRules` (their API references).
const A_PAGE: i32 = 400;

/// The most ARNs of one call: none is documented, and 20 is what the API takes elsewhere.
const ARNS_A_CALL: usize = 20;

/// A listener, as far as it matters here.
struct Listener {
    arn: String,
    port: u16,
    /// It has rules of its own: only those of application load balancers do.
    ruled: bool,
    routes: Vec<Route>,
}

/// The routes of these target groups, and of whatever else gets something in the same rules, sorted.
pub(crate) async fn routes(
    clients: &Clients,
    call: &Call<'_>,
    target_groups: &[String],
) -> Result<Vec<Route>, CallError> {
    let arns = distinct(target_groups.iter().map(String::as_str));
    let groups = &call.named("elasticloadbalancing:DescribeTargetGroups");
    let before = side_by_side(arns.chunks(ARNS_A_CALL).map(|arns| balancers(clients, groups, arns)).collect()).await?;
    let before: BTreeSet<String> = before.into_iter().collect();
    let listening = &call.named("elasticloadbalancing:DescribeListeners");
    let listeners = side_by_side(before.iter().map(|arn| listeners(clients, listening, arn)).collect()).await?;
    let ruled: Vec<&Listener> = listeners.iter().filter(|listener| listener.ruled).collect();
    let of_rules = side_by_side(ruled.iter().map(|listener| rules(clients, call, listener)).collect()).await?;
    let all = listeners.iter().flat_map(|listener| listener.routes.iter().cloned()).chain(of_rules);
    let mut all: Vec<Route> = all.collect();
    let rule = |route: &Route| (route.listener.clone(), route.rule);
    let wanted: BTreeSet<(String, Option<u32>)> =
        all.iter().filter(|route| target_groups.contains(&route.target_group)).map(rule).collect();
    all.retain(|route| wanted.contains(&rule(route)));
    all.sort();
    Ok(all)
}

/// The ARNs of the balancers before these target groups.
async fn balancers(clients: &Clients, call: &Call<'_>, arns: &[String]) -> Result<Vec<String>, CallError> {
    let bucket = &clients.limits.balancers;
    let found = whole(bucket, call, |marker| {
        let page = clients
            .balancers
            .describe_target_groups()
            .set_target_group_arns(Some(arns.to_vec()))
            .set_marker(marker)
            .customize()
            .interceptor(Meter::<DescribeTargetGroupsError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            Ok((page.target_groups.unwrap_or_default(), page.next_marker))
        }
    });
    Ok(found.await?.into_iter().flat_map(|group| group.load_balancer_arns.unwrap_or_default()).collect())
}

/// A balancer's listeners, each with its default rule.
async fn listeners(clients: &Clients, call: &Call<'_>, balancer: &str) -> Result<Vec<Listener>, CallError> {
    let bucket = &clients.limits.balancers;
    let found = whole(bucket, call, |marker| {
        let page = clients
            .balancers
            .describe_listeners()
            .load_balancer_arn(balancer)
            .page_size(A_PAGE)
            .set_marker(marker)
            .customize()
            .interceptor(Meter::<DescribeListenersError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            Ok((each(call, page.listeners, listener)?, page.next_marker))
        }
    });
    found.await
}

/// What the rules of a listener send where, but for its default rule.
async fn rules(clients: &Clients, call: &Call<'_>, listener: &Listener) -> Result<Vec<Route>, CallError> {
    let bucket = &clients.limits.balancers;
    let found = whole(bucket, call, |marker| {
        let page = clients
            .balancers
            .describe_rules()
            .listener_arn(&listener.arn)
            .page_size(A_PAGE)
            .set_marker(marker)
            .customize()
            .interceptor(Meter::<DescribeRulesError>::new([bucket]))
            .send();
        async move {
            let page = page.await.map_err(|error| call.error(&error))?;
            Ok((each(call, page.rules, |theirs| rule(listener, theirs))?, page.next_marker))
        }
    });
    Ok(found.await?.into_iter().flatten().collect())
}

/// `Listener` of the Elastic Load Balancing API.
fn listener(theirs: elb::Listener) -> Result<Listener, Flaw> {
    let arn = required(theirs.listener_arn, "a listener's ARN")?;
    let port = u16::try_from(theirs.port.unwrap_or_default()).map_err(|_| format!("the port of {arn} is no port"))?;
    let targets = forwards(theirs.default_actions.unwrap_or_default(), &arn)?;
    let ruled = matches!(theirs.protocol, Some(elb::ProtocolEnum::Http | elb::ProtocolEnum::Https));
    let routes = Route::of_rule(&arn, port, None, targets);
    Ok(Listener { arn, port, ruled, routes })
}

/// `Rule` of the Elastic Load Balancing API; none of the default rule, which the listener has told.
fn rule(listener: &Listener, theirs: elb::Rule) -> Result<Vec<Route>, Flaw> {
    if theirs.is_default == Some(true) {
        return Ok(Vec::new());
    }
    let of = |what: &str| format!("{what} of a rule of {}", listener.arn);
    let priority = required(theirs.priority, &of("the priority"))?;
    let priority = priority.parse().map_err(|_| of(&format!("`{priority}` is no priority")))?;
    let targets = forwards(theirs.actions.unwrap_or_default(), &listener.arn)?;
    Ok(Route::of_rule(&listener.arn, listener.port, Some(priority), targets))
}

/// The target groups that actions forward to, each with its weight. One that is alone need not say its weight.
fn forwards(actions: Vec<elb::Action>, of: &str) -> Result<Vec<(String, u32)>, Flaw> {
    let mut all = Vec::new();
    for action in actions.into_iter().filter(|action| action.r#type == Some(elb::ActionTypeEnum::Forward)) {
        let tuples = action.forward_config.and_then(|config| config.target_groups).unwrap_or_default();
        if let (Some(arn), true) = (given(action.target_group_arn), tuples.is_empty()) {
            all.push((arn, 1));
        }
        for tuple in tuples {
            let arn = required(tuple.target_group_arn, &format!("a target group of {of}"))?;
            let weight = u32::try_from(tuple.weight.unwrap_or(1)).map_err(|_| format!("a weight below 0 of {arn}"))?;
            all.push((arn, weight));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward(groups: &[(&str, Option<i32>)]) -> elb::Action {
        let tuple = |(arn, weight): &(&str, Option<i32>)| {
            elb::TargetGroupTuple::builder().target_group_arn(*arn).set_weight(*weight).build()
        };
        let config = elb::ForwardActionConfig::builder().set_target_groups(Some(groups.iter().map(tuple).collect()));
        elb::Action::builder().r#type(elb::ActionTypeEnum::Forward).forward_config(config.build()).build()
    }

    fn theirs(actions: Vec<elb::Action>) -> elb::Listener {
        let listener = elb::Listener::builder().listener_arn("arn:l").port(443).protocol(elb::ProtocolEnum::Https);
        listener.set_default_actions(Some(actions)).build()
    }

    fn shares(routes: &[Route]) -> Vec<(&str, Option<u32>, u32, u32)> {
        routes.iter().map(|route| (route.target_group.as_str(), route.rule, route.weight, route.of)).collect()
    }

    #[test]
    fn weights_are_of_their_own_rule() {
        let both = listener(theirs(vec![forward(&[("blue", Some(90)), ("green", Some(10))])])).unwrap();
        assert!(both.ruled && both.port == 443);
        assert_eq!(shares(&both.routes), [("blue", None, 90, 100), ("green", None, 10, 100)]);
        let one = rule(&both, elb::Rule::builder().priority("7").actions(forward(&[("green", None)])).build()).unwrap();
        assert_eq!(shares(&one), [("green", Some(7), 1, 1)]);
        let default = elb::Rule::builder().priority("default").is_default(true).actions(forward(&[("blue", None)]));
        assert_eq!(rule(&both, default.build()), Ok(Vec::new()));
    }

    #[test]
    fn what_forwards_nowhere_has_no_route() {
        let old = elb::Action::builder().r#type(elb::ActionTypeEnum::Forward).target_group_arn("blue").build();
        let fixed = elb::Action::builder().r#type(elb::ActionTypeEnum::FixedResponse).build();
        let plain = listener(theirs(vec![fixed.clone(), old])).unwrap();
        assert_eq!(shares(&plain.routes), [("blue", None, 1, 1)]);
        assert_eq!(listener(theirs(vec![fixed])).unwrap().routes, []);
        let mut network = theirs(Vec::new());
        network.protocol = Some(elb::ProtocolEnum::Tcp);
        assert!(!listener(network).unwrap().ruled);
    }

    #[test]
    fn what_is_missing_makes_the_answer_unreadable() {
        let nameless = elb::Listener::builder().port(1).build();
        assert_eq!(listener(nameless).err().unwrap(), "a listener's ARN is missing");
        let known = listener(theirs(Vec::new())).unwrap();
        let odd = elb::Rule::builder().priority("first").build();
        assert_eq!(rule(&known, odd).unwrap_err(), "`first` is no priority of a rule of arn:l");
        assert!(listener(theirs(vec![forward(&[("", None)])])).err().unwrap().contains("a target group of arn:l"));
    }
}
