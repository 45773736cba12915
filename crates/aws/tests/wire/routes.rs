//! Where balancers send what they get: listeners, their rules, and the weights in them.

use serde_json::json;
use simian_core::ports::{Cause, Cloud};
use simian_core::route::Route;

use super::moto::{Moto, elements};
use super::{cause, home, impatient, on_the_wire};

const GROUPS: &str = "elasticloadbalancing:DescribeTargetGroups";
const LISTENERS: &str = "elasticloadbalancing:DescribeListeners";
const RULES: &str = "elasticloadbalancing:DescribeRules";

fn make(moto: &Moto, action: &str, parameters: &[(&str, &str)], element: &str) -> String {
    let answer = moto.query("elasticloadbalancing", "2015-12-01", action, parameters);
    elements(&answer, element).remove(0)
}

/// A balancer with one listener, which sends a tenth to the second target group, and all of one path to the third.
fn stage(moto: &Moto) -> (Vec<String>, String) {
    let made = moto.resources(&json!({ "balancers": 1, "target_groups": 4 }));
    let (balancer, groups) = (&made["balancers"][0], made["target_groups"].clone());
    let weighted = "DefaultActions.member.1.ForwardConfig.TargetGroups.member";
    let (first, second) = (format!("{weighted}.1.TargetGroupArn"), format!("{weighted}.2.TargetGroupArn"));
    let (most, least) = (format!("{weighted}.1.Weight"), format!("{weighted}.2.Weight"));
    let parameters = [
        ("LoadBalancerArn", balancer.as_str()),
        ("Protocol", "HTTP"),
        ("Port", "80"),
        ("DefaultActions.member.1.Type", "forward"),
        (&first, &groups[0]),
        (&most, "90"),
        (&second, &groups[1]),
        (&least, "10"),
    ];
    let listener = make(moto, "CreateListener", &parameters, "ListenerArn");
    let parameters = [
        ("ListenerArn", listener.as_str()),
        ("Priority", "7"),
        ("Conditions.member.1.Field", "path-pattern"),
        ("Conditions.member.1.Values.member.1", "/new/*"),
        ("Actions.member.1.Type", "forward"),
        ("Actions.member.1.TargetGroupArn", &groups[2]),
    ];
    make(moto, "CreateRule", &parameters, "RuleArn");
    (groups, listener)
}

#[test]
fn every_rule_before_a_target_group_and_what_else_is_in_it() {
    on_the_wire("routes::every_rule_before_a_target_group_and_what_else_is_in_it", &[], |moto| async move {
        let (groups, listener) = stage(&moto);
        let account = impatient().await;
        let routes = async |asked: &[usize]| {
            let asked: Vec<String> = asked.iter().map(|n| groups[*n].clone()).collect();
            account.routes(&home(), &asked).await
        };
        let default = Route::of_rule(&listener, 80, None, [(groups[0].clone(), 90), (groups[1].clone(), 10)]);
        let path = Route::of_rule(&listener, 80, Some(7), [(groups[2].clone(), 1)]);
        let sorted = |mut routes: Vec<Route>| {
            routes.sort();
            routes
        };
        moto.forget_calls();
        assert_eq!(routes(&[0]).await, Ok(sorted(default.clone())), "and what shares the rule with it");
        assert_eq!(moto.calls()["counts"], json!({ GROUPS: 1, LISTENERS: 1, RULES: 1 }));
        assert_eq!(routes(&[2]).await, Ok(path.clone()));
        assert_eq!(routes(&[1, 2]).await, Ok(sorted([default, path].concat())));
        moto.forget_calls();
        assert_eq!(routes(&[3]).await, Ok(Vec::new()), "nobody sends to it");
        assert_eq!(moto.calls()["counts"], json!({ GROUPS: 1 }));
    });
}

#[test]
fn what_cannot_be_read_says_which_call() {
    on_the_wire("routes::what_cannot_be_read_says_which_call", &[], |moto| async move {
        let (groups, _) = stage(&moto);
        let account = impatient().await;
        for (action, call) in
            [("DescribeTargetGroups", GROUPS), ("DescribeListeners", LISTENERS), ("DescribeRules", RULES)]
        {
            moto.faults(&json!([{ "kind": "error", "action": action, "code": "AccessDenied", "times": -1 }]));
            let error = account.routes(&home(), &groups[..1]).await.unwrap_err();
            assert_eq!((error.call, &error.cause), (call, &Cause::Denied), "{action}");
        }
        moto.faults(&json!([{ "kind": "throttle", "action": "DescribeRules", "times": 2 }]));
        assert_eq!(account.routes(&home(), &groups[..1]).await.unwrap().len(), 2, "a throttle is waited out");
        moto.faults(&json!([{ "kind": "malformed", "action": "DescribeRules", "times": -1 }]));
        assert_eq!(cause(account.routes(&home(), &groups[..1]).await), Cause::Malformed);
    });
}
