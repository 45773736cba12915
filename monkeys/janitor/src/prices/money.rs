//! Amounts of money, exact to a millionth: prices have four or five decimals, and are multiplied.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::de::{Deserialize, Deserializer, Error};
use simian_core::Region;

use super::RegionPrices;

/// Millionths of a unit of the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Micros(u64);

/// Decimals of a price.
const DECIMALS: usize = 6;

/// The dearest thing: more than a million an hour or a month is a typing error.
const MOST: u64 = 1_000_000_000_000;

/// Bytes of a GiB.
const GIB: u128 = 1 << 30;

impl Micros {
    /// So many millionths.
    pub(super) const fn new(micros: u64) -> Self {
        Self(micros)
    }

    /// So many of them.
    pub(super) fn times(self, times: u64) -> u64 {
        self.0.saturating_mul(times)
    }

    /// What so many bytes cost at a price of a GiB.
    pub(super) fn of_bytes(self, bytes: u64) -> u64 {
        u64::try_from(u128::from(self.0) * u128::from(bytes) / GIB).unwrap_or(u64::MAX)
    }

    /// Reads a decimal number.
    fn read(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no price: write a number from 0 to a million, as in 0.08");
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > DECIMALS {
            return Err(format!("{}, with {DECIMALS} decimals at most", wrong()));
        }
        let micros: u64 = format!("{whole}{part:0<DECIMALS$}").parse().map_err(|_| wrong())?;
        if micros > MOST { Err(wrong()) } else { Ok(Self(micros)) }
    }
}

impl<'de> Deserialize<'de> for Micros {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Written out again a number has the shortest digits that mean it: those of the file.
        Self::read(&f64::deserialize(deserializer)?.to_string()).map_err(Error::custom)
    }
}

pub(super) fn money<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Micros>, D::Error> {
    Micros::deserialize(deserializer).map(Some)
}

pub(super) fn moneys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Micros>, D::Error> {
    BTreeMap::deserialize(deserializer)
}

pub(super) fn some_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = |_| Error::custom(format!("`{text}` is no date: write it as in \"2026-11-01\""));
    text.parse().map(Some).map_err(wrong)
}

/// Tables by region.
pub(super) fn regions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Region, RegionPrices>, D::Error> {
    let read = BTreeMap::<String, RegionPrices>::deserialize(deserializer)?.into_iter();
    read.map(|(name, table)| Ok((name.parse().map_err(Error::custom)?, table))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_to_the_millionth() {
        for (text, micros) in [("0.08", 80_000), ("1", 1_000_000), ("0.0125", 12_500), ("0", 0), ("0.000001", 1)] {
            assert_eq!(Micros::read(text), Ok(Micros(micros)), "{text}");
        }
        for bad in ["", "-1", "0.0000001", "1e-7", "NaN", "inf", "1000001", "99999999999999999999"] {
            assert!(Micros::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn bytes_cost_a_share_of_a_gib() {
        assert_eq!(Micros(50_000).of_bytes(1 << 29), 25_000);
        assert_eq!(Micros(u64::MAX).of_bytes(u64::MAX), u64::MAX);
    }
}
