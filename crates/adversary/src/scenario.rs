//! A scenario: a week as a value. Everything in it can be written down, so that a bad week can be shortened, kept and
//! played again.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use simian_core::ResourceId;

mod lasting;
mod weather;

pub use lasting::{FaultSetup, Meddling};
pub use weather::WeatherSetup;

use crate::months::{Deed, JanitorSetup, Thing};

/// The regions that a scenario chooses from, by index.
pub const REGIONS: [&str; 3] = ["eu-west-1", "us-east-1", "ap-southeast-2"];

/// The account.
pub const ACCOUNT: &str = "111122223333";

/// The Change Calendar that a policy may name.
pub const CALENDAR: &str = "arn:aws:ssm:us-east-1:111122223333:document/freeze";

/// The alarms that there are in every region, and are quiet at first.
pub const ALARMS: [&str; 3] = ["all-5xx", "shop-5xx", "cart-latency"];

/// A week: how it begins, and what happens in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// How the world is when the daemon starts.
    pub setup: Setup,
    /// What happens, in the order of their times.
    pub steps: Vec<Step>,
}

/// How the world is when the daemon starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// Of the account and the dice.
    pub seed: u64,
    /// The week begins at midnight UTC of this date.
    pub start: NaiveDate,
    /// How long it lasts.
    pub days: u32,
    /// How many of [`REGIONS`] there are.
    pub regions: usize,
    /// The groups.
    pub groups: Vec<GroupSetup>,
    /// The config.
    pub policy: PolicySetup,
    /// The weather.
    pub weather: WeatherSetup,
    /// The ledger was born just now, and nobody said that nothing acted here before.
    pub newborn: bool,
    /// The ledger is a file.
    pub sqlite: bool,
    /// Nothing disturbs this week: every planned action must be done.
    pub calm: bool,
    /// The instance that we run on: the first member of this group.
    pub ourselves: Option<usize>,
    /// What the account holds beside its groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub things: Vec<Thing>,
}

/// A group that is there from the beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSetup {
    /// Index into [`REGIONS`].
    pub region: usize,
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// `MinSize`, `DesiredCapacity`, `MaxSize`.
    pub sizes: (u32, u32, u32),
    /// How many zones.
    pub zones: usize,
    /// Seconds of a boot, from and to.
    pub boot: (u32, u32),
    /// A terminating hook's seconds.
    pub hook: Option<u32>,
    /// The name of the target group that it is behind.
    #[serde(default)]
    pub target_group: Option<String>,
    /// Its instances are Spot instances.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spot: bool,
    /// What it launches from; a template of its own if nothing is said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub launches: Vec<ResourceId>,
    /// How many days before the beginning it says that it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u32>,
}

/// What the operator's config says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "a config has switches")]
pub struct PolicySetup {
    /// Live, globally and for the account.
    pub live: bool,
    /// The monkey's own mode is live too.
    pub monkey_live: bool,
    /// The zone of the hours.
    pub zone: String,
    /// Minutes after midnight.
    pub open: u16,
    /// Minutes after midnight; before `open` it is the next day's.
    pub close: u16,
    /// Days of the week, 0 for Monday.
    pub days: Vec<u8>,
    /// Holidays.
    pub holidays: Vec<NaiveDate>,
    /// Freezes, both ends included.
    pub freezes: Vec<(NaiveDate, NaiveDate)>,
    /// [`CALENDAR`] must be open.
    pub change_calendar: bool,
    /// The default mean in working days.
    pub mean_days: u32,
    /// The default least gap in working days.
    pub min_days: u32,
    /// How many at once by default.
    pub count: u32,
    /// The most that may fall at once.
    pub cap: u32,
    /// Another tag that opts in.
    pub mapped: Option<(String, String)>,
    /// The budgets; `None` for unlimited.
    pub budgets: BudgetSetup,
    /// How many must serve in the group after an action.
    pub healthy_floor: u32,
    /// How many must serve in the target's zone after an action.
    pub zone_floor: u32,
    /// When the daemon looks.
    pub cron: String,
    /// Minutes after its due minute in which an action may be done.
    pub grace: u32,
    /// Minutes for which an action must have been announced.
    pub veto: u32,
    /// `cluster`, `asg`, `stack` or `app`.
    pub unit: String,
    /// Units span regions.
    pub across_regions: bool,
    /// So many failed recoveries in a row stop everything.
    pub breaker: Option<u32>,
    /// Minutes until a unit should be whole again.
    pub recovery: u32,
    /// Ends of names that are never chosen.
    pub never_suffixes: Vec<String>,
    /// Apps that are never chosen.
    pub except_apps: Vec<String>,
    /// There is a pause file that is looked at.
    pub brake: bool,
    /// The alarms that must be quiet in every region.
    #[serde(default)]
    pub alarms: Vec<String>,
    /// An outage hook is asked.
    #[serde(default)]
    pub outage: bool,
    /// How faults that last are made, where owners want any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faults: Option<FaultSetup>,
    /// The janitor's table. With it this is a month of the janitor, and the chaos monkey is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub janitor: Option<JanitorSetup>,
}

/// Limits; `None` for unlimited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetSetup {
    /// Keys per unit and day.
    pub unit: Option<u32>,
    /// Targets per app and day.
    pub app: Option<u32>,
    /// Targets per owner and day.
    pub owner: Option<u32>,
    /// Targets per zone and day.
    pub zone: Option<u32>,
    /// Targets per region and day.
    pub scope: Option<u32>,
    /// Targets per account and day.
    pub account: Option<u32>,
    /// Targets acted on or watched at once.
    pub concurrent: Option<u32>,
    /// Targets past their deadline.
    pub unrecovered: Option<u32>,
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When.
    pub when: When,
    /// What.
    pub what: What,
}

impl Scenario {
    /// It is a month of the janitor.
    pub fn is_month(&self) -> bool {
        self.setup.policy.janitor.is_some()
    }
}

/// When a step happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum When {
    /// So many milliseconds after the beginning.
    At(u64),
    /// At a call of the daemon.
    Call {
        /// Not before so many milliseconds after the beginning.
        from: u64,
        /// At a call of that kind.
        port: Port,
        /// Of those from then on the so-manieth; 1 is the next.
        nth: u32,
        /// Before it begins or after it ended.
        side: Side,
    },
}

impl When {
    /// When it may happen at the earliest, in milliseconds after the beginning.
    pub fn earliest(&self) -> u64 {
        match self {
            When::At(at) | When::Call { from: at, .. } => *at,
        }
    }
}

/// A kind of call through one of the daemon's ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Port {
    /// A survey.
    Survey,
    /// Groups by name: the second look, and the watch.
    Named,
    /// Instances by id.
    Instances,
    /// A Change Calendar.
    Calendar,
    /// What the second look reads beside the groups.
    Detail,
    /// What stops everything: alarms, the safety lever.
    Stops,
    /// Something is to be ended or rebooted.
    Act,
    /// Keys are claimed.
    Claim,
    /// An intent is recorded.
    Intent,
    /// An outcome is recorded.
    Outcome,
    /// Anything else is recorded.
    Commit,
    /// The pauses are read.
    Pauses,
    /// Events are told.
    Publish,
    /// A sink's cursor is moved.
    Advance,
    /// A script is sent to an agent.
    Guest,
    /// What became of a script is asked.
    Answer,
    /// A fault changes something in the account, or what takes that back.
    Alter,
    /// How something stands that a fault changes.
    Standing,
    /// A fault's tag is written or taken away.
    FaultTag,
}

/// On which side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Side {
    /// Before it begins.
    Before,
    /// After it ended.
    After,
}

/// A member by its group and its place in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The region's index.
    pub region: usize,
    /// Any name of the group's cluster; its newest group is meant when that of the name is gone.
    pub group: String,
    /// Its place, oldest first.
    pub nth: usize,
}

/// The state of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlarmSays {
    /// `OK`
    Quiet,
    /// `ALARM`
    Loud,
    /// `INSUFFICIENT_DATA`
    Nothing,
}

/// What the outage hook answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HookSays {
    /// Nothing is wrong.
    Yes,
    /// Not now.
    No,
    /// Nothing, until its time is over.
    Silence,
}

/// What happens. To add one: a variant here, an arm in `world/perform.rs`, and a line in `generate/steps.rs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// An owner sets a tag; without a value it is removed.
    Tag {
        /// The region's index.
        region: usize,
        /// The group.
        group: String,
        /// The key.
        key: String,
        /// The value.
        value: Option<String>,
    },
    /// An owner scales.
    Scale {
        /// The region's index.
        region: usize,
        /// The group.
        group: String,
        /// The desired capacity.
        desired: u32,
    },
    /// A red/black push; the old groups go after so many minutes.
    Deploy {
        /// The region's index.
        region: usize,
        /// The group.
        group: String,
        /// Minutes.
        retire: u32,
    },
    /// An instance refresh, a member every so many minutes.
    Refresh {
        /// The region's index.
        region: usize,
        /// The group.
        group: String,
        /// Minutes.
        every: u32,
    },
    /// The spot market takes somebody.
    SpotLoss {
        /// The region's index.
        region: usize,
        /// The group.
        group: String,
    },
    /// Somebody ends a member in EC2.
    Kill(Place),
    /// Somebody stops a member in EC2.
    StopMember(Place),
    /// A zone is out for so many minutes.
    ZoneOutage {
        /// The zone.
        zone: String,
        /// Minutes.
        minutes: u32,
    },
    /// A process of a group is suspended or resumed.
    Process {
        /// The region's index.
        region: usize,
        /// The group.
        group: String,
        /// The process.
        process: String,
        /// Suspended.
        suspended: bool,
    },
    /// A health check says so.
    Health(Place, bool),
    /// Scale-in protection.
    Protect(Place, bool),
    /// EC2 termination protection.
    Shield(Place, bool),
    /// Into standby or back.
    Standby(Place, bool),
    /// Into the warm pool or back.
    Warm(Place, bool),
    /// Somebody opens or closes [`CALENDAR`].
    Calendar {
        /// Open.
        open: bool,
    },
    /// A group comes up.
    Create(GroupSetup),
    /// A group goes.
    Delete {
        /// The region's index.
        region: usize,
        /// The group.
        group: String,
    },
    /// An operator pauses.
    Pause {
        /// Only this region, by index.
        region: Option<usize>,
        /// Only this monkey.
        monkey: Option<String>,
        /// For so many minutes; for ever if it is not said.
        minutes: Option<u32>,
        /// Only units of this name, such as `cluster:shop-prod`.
        #[serde(default)]
        unit: Option<String>,
    },
    /// An operator says of everything that is unrecovered that it has recovered.
    SayRecovered,
    /// An operator says that the fleet really changed.
    SayFleetChanged,
    /// An alarm says this from now on; without a state it is removed.
    Alarm {
        /// The region's index.
        region: usize,
        /// Its name.
        name: String,
        /// What it says.
        says: Option<AlarmSays>,
    },
    /// An alarm that goes off while fewer than so many of a group serve.
    BindAlarm {
        /// The region's index.
        region: usize,
        /// The group.
        group: String,
        /// Its name.
        name: String,
        /// How many must serve.
        fewer_than: u32,
    },
    /// Somebody engages the FIS safety lever, or lets it go.
    Lever {
        /// The region's index.
        region: usize,
        /// Engaged.
        engaged: bool,
    },
    /// The outage hook answers so from now on.
    Outage(HookSays),
    /// The images that a group launches go, or come back.
    Images {
        /// The region's index.
        region: usize,
        /// The group.
        group: String,
        /// They are there.
        there: bool,
    },
    /// The templates that a group launches from go, or come back.
    Templates {
        /// The region's index.
        region: usize,
        /// The group.
        group: String,
        /// They are there.
        there: bool,
    },
    /// So many addresses are free in a zone.
    Addresses {
        /// The zone.
        zone: String,
        /// How many.
        free: u32,
    },
    /// Balancers' checks of a region's targets succeed or fail; in each group one is left alone.
    Checks {
        /// Where.
        region: usize,
        /// Which one: an index into the group's members.
        but: usize,
        /// They succeed.
        healthy: bool,
    },
    /// A balancer uses a target group, or lets it go.
    Used {
        /// The region's index.
        region: usize,
        /// The name of the target group.
        target_group: String,
        /// It is used.
        used: bool,
    },
    /// An instance refresh that is under way stops short, or is cancelled.
    RefreshEnds {
        /// The region's index.
        region: usize,
        /// The group.
        group: String,
        /// Cancelled.
        cancelled: bool,
    },
    /// An operator resumes everything.
    Resume {
        /// And says that nothing acted here before.
        first_run: bool,
    },
    /// The pause file comes or goes.
    Brake {
        /// It is there.
        pulled: bool,
    },
    /// Another config, and the daemons are told to read it.
    Config(Box<PolicySetup>),
    /// Other weather.
    Weather(WeatherSetup),
    /// The machine of a replica sleeps for so many seconds.
    Sleep {
        /// Which replica; at a call its own caller's.
        replica: usize,
        /// Seconds.
        seconds: u32,
    },
    /// The clock of a replica's machine is off from AWS's by so many seconds from now on.
    ClockOff {
        /// Which replica.
        replica: usize,
        /// Seconds ahead.
        seconds: i64,
    },
    /// A replica's process dies and is started again.
    Crash {
        /// Which replica; at a call its caller.
        replica: usize,
        /// After so many more polls.
        polls: u32,
        /// Seconds until it is back.
        down: u32,
    },
    /// A replica's process is told to stop, and is started again.
    Stop {
        /// Which replica.
        replica: usize,
        /// Seconds until it is back.
        down: u32,
    },
    /// A second replica comes up on the same ledger.
    Replica,
    /// The ledger takes no writes for so many seconds.
    LedgerDown {
        /// Seconds.
        seconds: u32,
    },
    /// The sink refuses everything for so many seconds, but takes so many of each batch.
    SinkDown {
        /// Seconds.
        seconds: u32,
        /// How many of a batch arrive nevertheless.
        after: usize,
    },
    /// A person asks for everything, now.
    GameDay {
        /// Which.
        id: u32,
    },
    /// Something is done to the estate.
    Estate(Deed),
    /// Somebody meddles with every instance of a region that has a fault now.
    Meddle {
        /// The region's index.
        region: usize,
        /// How.
        how: Meddling,
    },
    /// The next calls that change, undo or tag something fail: so many of each.
    UndoFails {
        /// How many.
        times: u32,
        /// What was asked happens nevertheless.
        done: bool,
    },
}
