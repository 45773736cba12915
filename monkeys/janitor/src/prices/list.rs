//! List prices of `us-east-1` in US dollars, on demand, Linux, without discounts. Sources: the pricing pages of Amazon
//! EBS, Amazon EC2, Amazon VPC, Elastic Load Balancing and Amazon CloudWatch, as known on [`AS_OF`].
//!
//! They change seldom and without notice. Whoever goes by the sums checks them, and writes what is right in `[prices]`.

use chrono::NaiveDate;

use super::money::Micros;

/// The day of this list.
pub(super) const AS_OF: NaiveDate = match NaiveDate::from_ymd_opt(2025, 1, 1) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

pub(super) const CURRENCY: &str = "USD";

pub(super) const SNAPSHOT_GIB_MONTH: Micros = Micros::new(50_000);
pub(super) const ARCHIVED_SNAPSHOT_GIB_MONTH: Micros = Micros::new(12_500);
pub(super) const LOG_GIB_MONTH: Micros = Micros::new(30_000);
pub(super) const ADDRESS_HOUR: Micros = Micros::new(5_000);
pub(super) const NAT_GATEWAY_HOUR: Micros = Micros::new(45_000);

pub(super) const VOLUME_GIB_MONTH: &[(&str, Micros)] = &[
    ("gp2", Micros::new(100_000)),
    ("gp3", Micros::new(80_000)),
    ("io1", Micros::new(125_000)),
    ("io2", Micros::new(125_000)),
    ("sc1", Micros::new(15_000)),
    ("st1", Micros::new(45_000)),
    ("standard", Micros::new(50_000)),
];

/// Of io2 the first tier, up to 32,000; of gp3 what is above the free part.
pub(super) const VOLUME_IOPS_MONTH: &[(&str, Micros)] =
    &[("gp3", Micros::new(5_000)), ("io1", Micros::new(65_000)), ("io2", Micros::new(65_000))];

pub(super) const VOLUME_MIBPS_MONTH: &[(&str, Micros)] = &[("gp3", Micros::new(40_000))];

/// Without capacity units, which an idle one does not use.
pub(super) const BALANCER_HOUR: &[(&str, Micros)] = &[
    ("application", Micros::new(22_500)),
    ("classic", Micros::new(25_000)),
    ("gateway", Micros::new(12_500)),
    ("network", Micros::new(22_500)),
];

/// Common types. The others go into the config.
pub(super) const INSTANCE_HOUR: &[(&str, Micros)] = &[
    ("c5.large", Micros::new(85_000)),
    ("c5.xlarge", Micros::new(170_000)),
    ("c5.2xlarge", Micros::new(340_000)),
    ("c6g.large", Micros::new(68_000)),
    ("c6g.xlarge", Micros::new(136_000)),
    ("c6i.large", Micros::new(85_000)),
    ("c6i.xlarge", Micros::new(170_000)),
    ("c7g.large", Micros::new(72_500)),
    ("c7g.xlarge", Micros::new(145_000)),
    ("m5.large", Micros::new(96_000)),
    ("m5.xlarge", Micros::new(192_000)),
    ("m5.2xlarge", Micros::new(384_000)),
    ("m5.4xlarge", Micros::new(768_000)),
    ("m6g.large", Micros::new(77_000)),
    ("m6g.xlarge", Micros::new(154_000)),
    ("m6i.large", Micros::new(96_000)),
    ("m6i.xlarge", Micros::new(192_000)),
    ("m6i.2xlarge", Micros::new(384_000)),
    ("m7g.large", Micros::new(81_600)),
    ("m7g.xlarge", Micros::new(163_200)),
    ("m7i.large", Micros::new(100_800)),
    ("m7i.xlarge", Micros::new(201_600)),
    ("r5.large", Micros::new(126_000)),
    ("r5.xlarge", Micros::new(252_000)),
    ("r5.2xlarge", Micros::new(504_000)),
    ("r6g.large", Micros::new(100_800)),
    ("r6i.large", Micros::new(126_000)),
    ("r7g.large", Micros::new(107_100)),
    ("t2.micro", Micros::new(11_600)),
    ("t2.small", Micros::new(23_000)),
    ("t2.medium", Micros::new(46_400)),
    ("t2.large", Micros::new(92_800)),
    ("t3.nano", Micros::new(5_200)),
    ("t3.micro", Micros::new(10_400)),
    ("t3.small", Micros::new(20_800)),
    ("t3.medium", Micros::new(41_600)),
    ("t3.large", Micros::new(83_200)),
    ("t3.xlarge", Micros::new(166_400)),
    ("t3.2xlarge", Micros::new(332_800)),
    ("t4g.nano", Micros::new(4_200)),
    ("t4g.micro", Micros::new(8_400)),
    ("t4g.small", Micros::new(16_800)),
    ("t4g.medium", Micros::new(33_600)),
    ("t4g.large", Micros::new(67_200)),
    ("t4g.xlarge", Micros::new(134_400)),
];
