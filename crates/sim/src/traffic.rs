//! The calls: counted, logged, and met by weather and scripted faults.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::ports::Effect;
use simian_core::{Cause, Region};

use crate::chance::Chance;
use crate::group::HISTORY;
use crate::weather::{Bucket, Weather};

/// The names of the calls: the permissions that they need.
pub mod call {
    /// STS `GetCallerIdentity`.
    pub const IDENTITY: &str = "sts:GetCallerIdentity";
    /// The instance metadata service, which is no AWS API: no region, no outage, no throttling.
    pub const OURSELVES: &str = "imds:instance-id";
    /// Auto Scaling `DescribeAutoScalingGroups`, a call per 100 groups.
    pub const GROUPS: &str = "autoscaling:DescribeAutoScalingGroups";
    /// EC2 `DescribeInstances`, a call per 200 ids.
    pub const INSTANCES: &str = "ec2:DescribeInstances";
    /// EC2 `TerminateInstances`.
    pub const TERMINATE: &str = "ec2:TerminateInstances";
    /// Auto Scaling `TerminateInstanceInAutoScalingGroup`.
    pub const TERMINATE_IN_GROUP: &str = "autoscaling:TerminateInstanceInAutoScalingGroup";
    /// EC2 `RebootInstances`.
    pub const REBOOT: &str = "ec2:RebootInstances";

    /// SSM `GetCalendarState`, a call per calendar.
    pub const CALENDAR: &str = "ssm:GetCalendarState";

    /// Auto Scaling `DescribeInstanceRefreshes`, a call per group.
    pub const REFRESHES: &str = "autoscaling:DescribeInstanceRefreshes";
    /// Auto Scaling `DescribeScalingActivities`, a call per 100 activities of a group.
    pub const ACTIVITIES: &str = "autoscaling:DescribeScalingActivities";
    /// Elastic Load Balancing `DescribeTargetHealth`, a call per target group.
    pub const TARGET_HEALTH: &str = "elasticloadbalancing:DescribeTargetHealth";
    /// Elastic Load Balancing `DescribeListeners` and `DescribeRules`.
    pub const ROUTES: &str = "elasticloadbalancing:DescribeRules";
    /// EC2 `DescribeLaunchTemplateVersions`, a call per template's version.
    pub const TEMPLATES: &str = "ec2:DescribeLaunchTemplateVersions";
    /// Auto Scaling `DescribeLaunchConfigurations`, a call per configuration.
    pub const CONFIGURATIONS: &str = "autoscaling:DescribeLaunchConfigurations";
    /// EC2 `DescribeImages`, a call per image, after that of what names it.
    pub const IMAGES: &str = "ec2:DescribeImages";
    /// EC2 `DescribeSubnets`, a call per 200 ids.
    pub const SUBNETS: &str = "ec2:DescribeSubnets";
    /// CloudWatch `DescribeAlarms`, a call per 100 names.
    pub const ALARMS: &str = "cloudwatch:DescribeAlarms";
    /// FIS `GetSafetyLever`.
    pub const LEVER: &str = "fis:GetSafetyLever";

    /// Whatever lists resources that are no groups, a call per 1,000 of a kind: one name for EC2's, Auto Scaling's and the
    /// balancers' describe calls.
    pub const RESOURCES: &str = "*:Describe*";
    /// EC2 `DescribeImageAttribute` and `DescribeSnapshotAttribute`.
    pub const SHARED: &str = "ec2:Describe*Attribute";
    /// EC2 `CreateTags` and its sisters.
    pub const TAG: &str = "*:CreateTags";
    /// EC2 `DeleteTags` and its sisters.
    pub const UNTAG: &str = "*:DeleteTags";
    /// EC2 `CreateSnapshot` and `DisableImage`.
    pub const SAVE: &str = "ec2:CreateSnapshot";
    /// Whatever ends a resource.
    pub const DISPOSE: &str = "*:Delete*";

    /// EC2 `DescribeInstances`, for what is attached to one, or for those with a tag.
    pub const ATTACHED: &str = "ec2:DescribeInstances (one)";
    /// Whatever tells how something stands that a fault changes.
    pub const STANDING: &str = "*:Describe* (one)";
    /// Whatever a fault changes in the account.
    pub const ALTER: &str = "*:Modify*";
    /// EC2 `DescribeSecurityGroups` and `CreateSecurityGroup`.
    pub const QUARANTINE: &str = "ec2:CreateSecurityGroup";
    /// FIS `StartExperiment`, with what goes before it.
    pub const EXPERIMENT: &str = "fis:StartExperiment";
    /// FIS `GetExperiment`.
    pub const EXPERIMENTED: &str = "fis:GetExperiment";
    /// FIS `StopExperiment`.
    pub const STOP_EXPERIMENT: &str = "fis:StopExperiment";
    /// SSM `DescribeInstanceInformation`.
    pub const NODES: &str = "ssm:DescribeInstanceInformation";
    /// SSM `SendCommand`.
    pub const SEND: &str = "ssm:SendCommand";
    /// SSM `ListCommands`.
    pub const SENT: &str = "ssm:ListCommands";
    /// SSM `GetCommandInvocation`.
    pub const PROGRESS: &str = "ssm:GetCommandInvocation";

    /// Those that answer page by page, so that a page may be missing.
    pub(crate) const PAGED: [&str; 6] = [GROUPS, REFRESHES, ACTIVITIES, SUBNETS, ALARMS, RESOURCES];

    /// All of them.
    pub const ALL: [&str; 35] = [
        IDENTITY,
        OURSELVES,
        GROUPS,
        INSTANCES,
        TERMINATE,
        TERMINATE_IN_GROUP,
        REBOOT,
        CALENDAR,
        REFRESHES,
        ACTIVITIES,
        TARGET_HEALTH,
        ROUTES,
        TEMPLATES,
        CONFIGURATIONS,
        IMAGES,
        SUBNETS,
        ALARMS,
        LEVER,
        RESOURCES,
        SHARED,
        TAG,
        UNTAG,
        SAVE,
        DISPOSE,
        ATTACHED,
        STANDING,
        ALTER,
        QUARANTINE,
        EXPERIMENT,
        EXPERIMENTED,
        STOP_EXPERIMENT,
        NODES,
        SEND,
        SENT,
        PROGRESS,
    ];
}

/// A scripted fault of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails, and nothing happened.
    ErrorBefore(Cause),
    /// It happens, and then fails.
    ErrorAfter(Cause),
    /// Of a batch the first half, rounded up, happens; then it fails. Anything else happens whole.
    ErrorHalfway(Cause),
    /// It takes so much longer, before its effect.
    Latency(TimeDelta),
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Its name.
    pub call: &'static str,
    /// Where, if it has a region.
    pub region: Option<Region>,
    /// What it asked for, for people.
    pub summary: String,
    /// Why it failed, if it did.
    pub error: Option<Cause>,
    /// Whether the caller got its answer; a call that is under way, or was dropped, has none.
    pub answered: bool,
}

/// How many records the log keeps, the newest: about 200 MB. Counts are kept whole.
pub const CALL_LOG: usize = 1_000_000;

/// What will become of a call.
#[derive(Debug)]
pub(crate) struct Fate {
    /// Its number in the log.
    pub(crate) number: u64,
    pub(crate) before: TimeDelta,
    pub(crate) after: TimeDelta,
    pub(crate) ending: Ending,
    /// How old the answer may be.
    pub(crate) lag: TimeDelta,
}

/// Where a call fails, if it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Good,
    Before(Cause, &'static str),
    After(Cause, &'static str),
    Halfway(Cause, &'static str),
}

/// Whose bucket it is: a region's, or of all that have none; for one call, or for all.
type Owner = (Option<Region>, Option<&'static str>);

/// How many tokens were left, and when.
type Tokens = (f64, DateTime<Utc>);

#[derive(Debug)]
pub(crate) struct Traffic {
    pub(crate) counts: BTreeMap<&'static str, u64>,
    pub(crate) log: VecDeque<CallRecord>,
    /// How many records fell out of the front of the log.
    dropped: u64,
    scripted: Vec<(String, u64, Fault)>,
    pub(crate) chance: Chance,
    tokens: BTreeMap<Owner, Tokens>,
    pub(crate) skew: BTreeMap<Region, TimeDelta>,
}

impl Traffic {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            counts: BTreeMap::new(),
            log: VecDeque::new(),
            dropped: 0,
            scripted: Vec::new(),
            chance: Chance::new(seed, &["traffic"]),
            tokens: BTreeMap::new(),
            skew: BTreeMap::new(),
        }
    }

    pub(crate) fn script(&mut self, name: &str, nth: u64, fault: Fault) {
        assert!(call::ALL.contains(&name), "no call has the name {name}; there are: {}", call::ALL.join(", "));
        assert!(nth > 0, "calls are counted from 1");
        if let Fault::ErrorAfter(cause) | Fault::ErrorHalfway(cause) = &fault {
            let half = matches!((&fault, cause), (Fault::ErrorHalfway(_), Cause::Refused(_)));
            assert!(half || cause.effect() == Effect::Unknown, "by the port's contract, {cause:?} has no effect");
        }
        let so_far = self.counts.get(name).copied().unwrap_or(0);
        self.scripted.push((name.to_owned(), so_far + nth, fault));
    }

    /// Counts and logs a call, and draws what will become of it.
    pub(crate) fn meet(
        &mut self,
        now: DateTime<Utc>,
        call: &'static str,
        region: Option<&Region>,
        summary: String,
        reachable: bool,
        weather: &Weather,
    ) -> Fate {
        let count = self.counts.entry(call).or_insert(0);
        *count += 1;
        let nth = *count;
        if self.log.len() >= CALL_LOG {
            self.log.pop_front();
            self.dropped += 1;
        }
        let number = self.dropped + self.log.len() as u64;
        let region = region.cloned();
        self.log.push_back(CallRecord { at: now, call, region: region.clone(), summary, error: None, answered: false });
        let mut fate = Fate {
            number,
            before: TimeDelta::zero(),
            after: TimeDelta::zero(),
            ending: Ending::Good,
            lag: TimeDelta::zero(),
        };
        self.draw(&mut fate, now, call, region.as_ref(), reachable, weather);
        self.scripted.retain(|(name, at, fault)| {
            let meant = name == call && *at == nth;
            if meant {
                match fault.clone() {
                    Fault::ErrorBefore(cause) => fate.ending = Ending::Before(cause, "scripted"),
                    Fault::ErrorAfter(cause) => fate.ending = Ending::After(cause, "scripted"),
                    Fault::ErrorHalfway(cause) => fate.ending = Ending::Halfway(cause, "scripted"),
                    Fault::Latency(delta) => fate.before += delta,
                }
            }
            !meant
        });
        let patience = TimeDelta::seconds(i64::from(weather.timeout_seconds));
        match &fate.ending {
            Ending::Before(Cause::Timeout, _) => fate.before = fate.before.max(patience),
            Ending::After(Cause::Timeout, _) | Ending::Halfway(Cause::Timeout, _) => {
                fate.after = fate.after.max(patience - fate.before);
            }
            _ => {}
        }
        fate
    }

    fn draw(
        &mut self,
        fate: &mut Fate,
        now: DateTime<Utc>,
        call: &'static str,
        region: Option<&Region>,
        reachable: bool,
        weather: &Weather,
    ) {
        let chance = &mut self.chance;
        let (low, high) = weather.latency_millis;
        if high > 0 {
            let millis = i64::try_from(chance.between(low.into(), high.into())).unwrap_or(0);
            fate.before = TimeDelta::milliseconds(millis / 2);
            fate.after = TimeDelta::milliseconds(millis - millis / 2);
        }
        fate.before += region.and_then(|region| weather.slow.get(region)).copied().unwrap_or_default();
        if weather.stale_seconds > 0 {
            let millis = chance.below(u64::from(weather.stale_seconds) * 1000 + 1);
            fate.lag = TimeDelta::milliseconds(i64::try_from(millis).unwrap_or(0)).min(HISTORY);
        }
        let hit = |chance: &mut Chance, probability: f64| probability > 0.0 && chance.hit(probability);
        let down = weather.outages.iter().any(|outage| {
            (outage.from..outage.until).contains(&now) && (outage.region.is_none() || outage.region.as_ref() == region)
        });
        fate.ending = if call == call::OURSELVES {
            Ending::Good
        } else if !reachable {
            Ending::Before(Cause::Unreachable, "no such host")
        } else if down {
            Ending::Before(Cause::Unreachable, "connection refused")
        } else if weather.credentials_until.is_some_and(|until| now >= until) {
            Ending::Before(Cause::Credentials, "the security token has expired")
        } else if weather.denied.contains(call) {
            Ending::Before(Cause::Denied, "no identity-based policy allows it")
        } else if weather.bucket.is_some_and(|bucket| !take(&mut self.tokens, (region.cloned(), None), now, bucket))
            || weather
                .buckets
                .get(call)
                .is_some_and(|bucket| !take(&mut self.tokens, (region.cloned(), Some(call)), now, *bucket))
            || hit(chance, weather.throttle)
        {
            Ending::Before(Cause::Throttled, "rate exceeded")
        } else if hit(chance, weather.timeout_before) {
            Ending::Before(Cause::Timeout, "")
        } else if hit(chance, weather.timeout_after) {
            Ending::After(Cause::Timeout, "")
        } else if hit(chance, weather.broken_before) {
            Ending::Before(Cause::Broken, "connection reset by peer")
        } else if hit(chance, weather.broken_after) {
            Ending::After(Cause::Broken, "500 InternalError")
        } else if call::PAGED.contains(&call) && hit(chance, weather.partial) {
            Ending::After(Cause::Malformed, "the list ended early")
        } else if call == call::TERMINATE && hit(chance, weather.half_batch) {
            Ending::Halfway(Cause::Broken, "500 InternalError")
        } else {
            Ending::Good
        };
    }

    /// The call of that number has ended.
    pub(crate) fn answered(&mut self, number: u64, error: Option<Cause>) {
        let place = number.checked_sub(self.dropped).and_then(|place| usize::try_from(place).ok());
        if let Some(record) = place.and_then(|place| self.log.get_mut(place)) {
            record.answered = true;
            record.error = error;
        }
    }
}

/// Takes a token out of a bucket: the region's for all calls, or its own for one.
fn take(tokens: &mut BTreeMap<Owner, Tokens>, of: Owner, now: DateTime<Utc>, bucket: Bucket) -> bool {
    let (left, at) = tokens.entry(of).or_insert((f64::from(bucket.burst), now));
    let seconds = (now - *at).to_std().unwrap_or_default().as_secs_f64();
    *left = (*left + seconds * bucket.per_second).min(f64::from(bucket.burst));
    *at = now;
    let enough = *left >= 1.0;
    if enough {
        *left -= 1.0;
    }
    enough
}
