//! Chance without memory: every draw is a pure function of the seed, its purpose, the date and the unit.
//!
//! So a restart or a second replica never draws again, the plan of any day can be printed, an audit replayed, and one
//! unit's draw never disturbs another's.

use chrono::NaiveDate;
use hmac::{Hmac, KeyInit, Mac};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use sha2::Sha256;

/// The source of all chance. Cheap to clone; holds the seed and nothing else.
#[derive(Clone)]
pub struct Dice {
    mac: Hmac<Sha256>,
}

impl std::fmt::Debug for Dice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dice(seed hidden)")
    }
}

impl Dice {
    /// Dice of that seed. Whoever knows the seed knows every draw.
    pub fn new(seed: &str) -> Self {
        // HMAC takes keys of any length (RFC 2104, section 2).
        #[expect(clippy::missing_panics_doc, clippy::expect_used, reason = "a key of any length is valid")]
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(seed.as_bytes()).expect("HMAC takes any key");
        Self { mac }
    }

    /// The MAC over the fields, each with its length before it, so that no two lists of fields collide.
    fn digest(&self, fields: &[&str]) -> [u8; 32] {
        let mut mac = self.mac.clone();
        for field in fields {
            mac.update(&(field.len() as u64).to_be_bytes());
            mac.update(field.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    /// A generator for one purpose, date and unit. The same three always give the same numbers.
    pub fn stream(&self, purpose: &str, date: NaiveDate, unit: &str) -> ChaCha12Rng {
        ChaCha12Rng::from_seed(self.digest(&[purpose, &date.to_string(), unit]))
    }

    /// A number in `0.0..1.0`: the coin is heads when it is below the probability.
    pub fn coin(&self, purpose: &str, date: NaiveDate, unit: &str) -> f64 {
        self.stream(purpose, date, unit).random::<f64>()
    }

    /// A number in `0..n`, uniform. `n` must not be 0.
    pub fn below(&self, purpose: &str, date: NaiveDate, unit: &str, n: u32) -> u32 {
        self.stream(purpose, date, unit).random_range(0..n)
    }

    /// The items in this date's and unit's order (rendezvous hashing, Thaler and Ravishankar 1998): when an item
    /// leaves or joins, the order of the others stays.
    pub fn rank<'a, T: AsRef<str> + 'a>(
        &self,
        purpose: &str,
        date: NaiveDate,
        unit: &str,
        items: impl IntoIterator<Item = T>,
    ) -> Vec<T> {
        let date = date.to_string();
        let mut ranked: Vec<([u8; 32], T)> =
            items.into_iter().map(|item| (self.digest(&[purpose, &date, unit, item.as_ref()]), item)).collect();
        ranked.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.as_ref().cmp(b.1.as_ref())));
        ranked.into_iter().map(|(_, item)| item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, n).unwrap()
    }

    #[test]
    fn the_same_fields_give_the_same_draw() {
        let (a, b) = (Dice::new("s"), Dice::new("s"));
        assert_eq!(a.coin("c", day(23), "u").to_bits(), b.coin("c", day(23), "u").to_bits());
        assert_ne!(a.coin("c", day(23), "u").to_bits(), a.coin("c", day(24), "u").to_bits());
        assert_ne!(a.coin("c", day(23), "u").to_bits(), a.coin("c", day(23), "v").to_bits());
        assert_ne!(a.coin("c", day(23), "u").to_bits(), a.coin("d", day(23), "u").to_bits());
        assert_ne!(a.coin("c", day(23), "u").to_bits(), Dice::new("t").coin("c", day(23), "u").to_bits());
    }

    #[test]
    fn fields_cannot_be_shifted_into_each_other() {
        let dice = Dice::new("s");
        assert_ne!(dice.digest(&["ab", "c"]), dice.digest(&["a", "bc"]));
        assert_ne!(dice.digest(&["a", ""]), dice.digest(&["a"]));
    }

    #[test]
    fn a_leaving_item_does_not_reorder_the_others() {
        let dice = Dice::new("s");
        let all: Vec<String> = (0..20).map(|n| format!("i-{n}")).collect();
        let ranked = dice.rank("victim", day(23), "u", all.iter());
        let gone = ranked[3].clone();
        let rest = dice.rank("victim", day(23), "u", all.iter().filter(|id| **id != gone));
        assert_eq!(rest, ranked.into_iter().filter(|id| **id != gone).collect::<Vec<_>>());
    }

    #[test]
    fn every_item_comes_first_about_equally_often() {
        let dice = Dice::new("s");
        let mut first = std::collections::BTreeMap::new();
        for unit in 0..4000 {
            let ranked = dice.rank("victim", day(23), &unit.to_string(), ["a", "b", "c", "d"]);
            *first.entry(ranked[0]).or_insert(0_i32) += 1;
        }
        assert_eq!(first.len(), 4);
        // Binomial(4000, 1/4): standard deviation 27; five of them.
        assert!(first.values().all(|n| (n - 1000).abs() < 137), "{first:?}");
    }

    /// What a released simian drew, it draws for ever: an audit of an old day must find the same turns.
    #[test]
    fn old_draws_stay_as_they_were() {
        let dice = Dice::new("a sentence of your own");
        let coins: Vec<u64> = UNITS.iter().map(|unit| dice.coin("chaos.coin", day(23), unit).to_bits()).collect();
        assert_eq!(
            coins,
            [
                4_591_857_740_576_966_848,
                4_602_296_175_368_647_822,
                4_601_114_983_395_211_866,
                4_606_971_419_031_462_354
            ]
        );
        let minutes: Vec<u32> = UNITS.iter().map(|unit| dice.below("chaos.minute", day(23), unit, 360)).collect();
        assert_eq!(minutes, [256, 212, 86, 297]);
        let items = ["i-0", "i-1", "i-2", "i-3", "i-4"];
        let ranks: Vec<String> =
            UNITS.iter().map(|unit| dice.rank("chaos.victim", day(23), unit, items).concat()).collect();
        assert_eq!(ranks, ["i-2i-4i-0i-1i-3", "i-3i-2i-0i-1i-4", "i-2i-1i-3i-4i-0", "i-1i-0i-4i-3i-2"]);
    }

    /// One in one block of SHA-256, one that needs a second, one with letters of several bytes, one without any.
    const UNITS: [&str; 4] = ["u", "111122223333/us-east-1/cluster:shop-prod-canary", "köln/北京", ""];
}
