//! What waste costs: the operator's prices, else the list prices that are compiled in.
//!
//! An estimate for ranking and for talking about, and no bill: discounts, savings plans, traffic and requests are not in
//! it. What has no price counts as nothing, and says so.

mod list;
mod money;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use simian_core::resource::{About, BalancerKind, Instance, Snapshot, Volume};
use simian_core::{Group, InstanceState, Region, Resource};

use crate::config::Contradiction;
use money::{Micros, money, moneys, some_date};

/// Hours of a month, as AWS's own calculator has them.
const HOURS: u64 = 730;

/// What a gp3 volume has without being charged for it. Source: Amazon EBS User Guide, "General Purpose SSD volumes".
const FREE_IOPS: u32 = 3000;
const FREE_MIBPS: u32 = 125;

/// `[prices]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PriceTable {
    /// The day on which somebody looked these prices up.
    #[serde(deserialize_with = "some_date")]
    pub as_of: Option<NaiveDate>,
    /// What they are in, for people: nothing is converted.
    pub currency: Option<String>,
    /// In every region that has none of its own.
    pub default: RegionPrices,
    /// In single regions, by name.
    #[serde(deserialize_with = "money::regions")]
    pub region: BTreeMap<Region, RegionPrices>,
}

/// Prices of a region. What is left out is as in `[prices.default]`, and then as compiled in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegionPrices {
    /// Volumes by type, a GiB and month.
    #[serde(deserialize_with = "moneys")]
    pub volume_gib_month: BTreeMap<String, Micros>,
    /// What volumes of a type are given of operations a second, each a month.
    #[serde(deserialize_with = "moneys")]
    pub volume_iops_month: BTreeMap<String, Micros>,
    /// What volumes of a type are given of throughput, a MiB a second and month.
    #[serde(deserialize_with = "moneys")]
    pub volume_mibps_month: BTreeMap<String, Micros>,
    /// Snapshots, a GiB and month.
    #[serde(deserialize_with = "money")]
    pub snapshot_gib_month: Option<Micros>,
    /// Snapshots in the archive tier.
    #[serde(deserialize_with = "money")]
    pub archived_snapshot_gib_month: Option<Micros>,
    /// Stored logs, a GiB and month.
    #[serde(deserialize_with = "money")]
    pub log_gib_month: Option<Micros>,
    /// An address, an hour.
    #[serde(deserialize_with = "money")]
    pub address_hour: Option<Micros>,
    /// A NAT gateway, an hour.
    #[serde(deserialize_with = "money")]
    pub nat_gateway_hour: Option<Micros>,
    /// Load balancers by type (`application`, `network`, `gateway`, `classic`), an hour.
    #[serde(deserialize_with = "moneys")]
    pub balancer_hour: BTreeMap<String, Micros>,
    /// Instances by type, an hour.
    #[serde(deserialize_with = "moneys")]
    pub instance_hour: BTreeMap<String, Micros>,
}

/// The prices that count.
#[derive(Clone, Debug, Default)]
pub struct Prices(PriceTable);

/// What a resource costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// In cents a month, as far as it is known.
    pub cents_a_month: u64,
    /// What of it is not known.
    pub unknown: Option<String>,
}

impl PriceTable {
    /// The prices, if the table says when they were looked up.
    pub fn prices(&self) -> Result<Prices, Contradiction> {
        let written = self.default != RegionPrices::default() || !self.region.is_empty() || self.currency.is_some();
        if written && self.as_of.is_none() {
            let why = "say on which day you looked the prices up, as in \"2026-11-01\"".to_owned();
            return Err(Contradiction { key: "as_of".into(), why });
        }
        Ok(Prices(self.clone()))
    }
}

impl Prices {
    /// The day on which they were looked up.
    pub fn as_of(&self) -> NaiveDate {
        self.0.as_of.unwrap_or(list::AS_OF)
    }

    /// What they are in.
    pub fn currency(&self) -> &str {
        self.0.currency.as_deref().unwrap_or(list::CURRENCY)
    }

    /// What a resource of that region costs. An image costs what the snapshots that would go with it do.
    pub fn of(&self, region: &Region, resource: &Resource, going: &[&Resource]) -> Price {
        let at = At { prices: &self.0, region };
        let mut sum = Sum::default();
        match &resource.about {
            About::Instance(instance) => at.instance(instance, &mut sum),
            About::Volume(volume) => at.volume(volume, &mut sum),
            About::Snapshot(snapshot) => at.snapshot(snapshot, &mut sum),
            About::Image(_) => {
                going.iter().filter_map(|one| one.snapshot()).for_each(|snapshot| at.snapshot(snapshot, &mut sum));
            }
            About::Group(group) => at.group(group, &mut sum),
            About::Balancer(balancer) => at.balancer(balancer_name(balancer.kind), &mut sum),
            About::ClassicBalancer(_) => at.balancer("classic", &mut sum),
            About::Address(_) => at.hours(|table| table.address_hour, list::ADDRESS_HOUR, &mut sum),
            About::NatGateway(_) => at.hours(|table| table.nat_gateway_hour, list::NAT_GATEWAY_HOUR, &mut sum),
            About::LogGroup(group) => {
                let each = at.single(|table| table.log_gib_month, list::LOG_GIB_MONTH);
                sum.add(each.of_bytes(group.bytes));
            }
            // They cost nothing by themselves.
            _ => {}
        }
        sum.price()
    }
}

fn balancer_name(kind: BalancerKind) -> &'static str {
    match kind {
        BalancerKind::Application => "application",
        BalancerKind::Network => "network",
        BalancerKind::Gateway => "gateway",
    }
}

/// What adds up to a price.
#[derive(Default)]
struct Sum {
    micros: u64,
    unknown: Option<String>,
}

impl Sum {
    fn add(&mut self, micros: u64) {
        self.micros = self.micros.saturating_add(micros);
    }

    /// So many of something that has a price, or of something that has none.
    fn add_each(&mut self, each: Option<Micros>, times: u64, what: impl FnOnce() -> String) {
        match each {
            Some(each) => self.add(each.times(times)),
            None => self.unknown = self.unknown.take().or_else(|| Some(what())),
        }
    }

    fn price(self) -> Price {
        // Half a cent counts as one.
        Price { cents_a_month: self.micros.saturating_add(5_000) / 10_000, unknown: self.unknown }
    }
}

/// Prices as they are in one region.
struct At<'p> {
    prices: &'p PriceTable,
    region: &'p Region,
}

impl At<'_> {
    /// The region's own table, then everybody's.
    fn tables(&self) -> impl Iterator<Item = &RegionPrices> {
        self.prices.region.get(self.region).into_iter().chain([&self.prices.default])
    }

    fn single(&self, of: impl Fn(&RegionPrices) -> Option<Micros>, listed: Micros) -> Micros {
        self.tables().find_map(of).unwrap_or(listed)
    }

    fn by_type(
        &self,
        of: impl Fn(&RegionPrices) -> &BTreeMap<String, Micros>,
        listed: &[(&str, Micros)],
        name: &str,
    ) -> Option<Micros> {
        let own = self.tables().find_map(|table| of(table).get(name).copied());
        own.or_else(|| listed.iter().find(|(known, _)| *known == name).map(|(_, price)| *price))
    }

    fn hours(&self, of: impl Fn(&RegionPrices) -> Option<Micros>, listed: Micros, sum: &mut Sum) {
        sum.add(self.single(of, listed).times(HOURS));
    }

    fn balancer(&self, name: &str, sum: &mut Sum) {
        let each = self.by_type(|table| &table.balancer_hour, list::BALANCER_HOUR, name);
        sum.add_each(each, HOURS, || format!("no price of {name} load balancers is known"));
    }

    /// A running instance. A stopped one costs what its volumes do, which are not its own resource.
    fn instance(&self, instance: &Instance, sum: &mut Sum) {
        if instance.state != InstanceState::Running {
            return;
        }
        if instance.spot {
            sum.unknown = Some("what it costs on spot is not known".into());
            return;
        }
        self.instance_type(&instance.kind, sum);
    }

    fn instance_type(&self, kind: &str, sum: &mut Sum) {
        let each = self.by_type(|table| &table.instance_hour, list::INSTANCE_HOUR, kind);
        sum.add_each(each, HOURS, || format!("no price of {kind} is known"));
    }

    fn group(&self, group: &Group, sum: &mut Sum) {
        for kind in group.members.iter().filter_map(|member| member.kind.as_deref()) {
            self.instance_type(kind, sum);
        }
    }

    fn volume(&self, volume: &Volume, sum: &mut Sum) {
        let kind = volume.kind.as_str();
        let each = self.by_type(|table| &table.volume_gib_month, list::VOLUME_GIB_MONTH, kind);
        sum.add_each(each, volume.size.into(), || format!("no price of {kind} volumes is known"));
        let (free_iops, free_mibps) = if kind == "gp3" { (FREE_IOPS, FREE_MIBPS) } else { (0, 0) };
        let iops = volume.iops.unwrap_or(0).saturating_sub(free_iops);
        if let Some(each) = self.by_type(|table| &table.volume_iops_month, list::VOLUME_IOPS_MONTH, kind) {
            sum.add(each.times(iops.into()));
        }
        let mibps = volume.throughput.unwrap_or(0).saturating_sub(free_mibps);
        if let Some(each) = self.by_type(|table| &table.volume_mibps_month, list::VOLUME_MIBPS_MONTH, kind) {
            sum.add(each.times(mibps.into()));
        }
    }

    /// At most that: AWS says how much the whole would be, and charges for what differs from the snapshot before.
    fn snapshot(&self, snapshot: &Snapshot, sum: &mut Sum) {
        let each = if snapshot.archived {
            self.single(|table| table.archived_snapshot_gib_month, list::ARCHIVED_SNAPSHOT_GIB_MONTH)
        } else {
            self.single(|table| table.snapshot_gib_month, list::SNAPSHOT_GIB_MONTH)
        };
        match snapshot.bytes {
            Some(bytes) => sum.add(each.of_bytes(bytes)),
            None => sum.add(each.times(snapshot.size.into())),
        }
    }
}
