//! Chance without memory: every draw is a pure function of the seed, its purpose, the date and the unit.
//!
//! So a restart or a second replica never draws again, the plan of any day can be printed, an audit replayed, and one
//! unit's draw never disturbs another's.
//!
//! What may not happen here: a draw that allocates. A fleet has a hundred thousand units, and each draws every day.

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

/// The draws of one purpose on one date, for any unit: what all units share is hashed already.
///
/// A unit is named in pieces that count as one text, so that nobody joins them: see [`crate::UnitId::pieces`].
#[derive(Clone)]
pub struct Draws {
    mac: Hmac<Sha256>,
}

impl std::fmt::Debug for Dice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dice(seed hidden)")
    }
}

impl std::fmt::Debug for Draws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Draws(seed hidden)")
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

    /// The draws of one purpose on one date. The same seed and the same three (purpose, date, unit) always give the
    /// same numbers.
    pub fn on(&self, purpose: &str, date: NaiveDate) -> Draws {
        let mac = with(&with(&self.mac, &[purpose]), &[&date.to_string()]);
        Draws { mac }
    }
}

impl Draws {
    /// A number in `0.0..1.0`: the coin is heads when it is below the probability.
    pub fn coin(&self, unit: &[&str]) -> f64 {
        self.stream(unit).random::<f64>()
    }

    /// A number in `0..n`, uniform. `n` must not be 0.
    pub fn below(&self, unit: &[&str], n: u32) -> u32 {
        self.stream(unit).random_range(0..n)
    }

    /// The items in this date's and unit's order (rendezvous hashing, Thaler and Ravishankar 1998): when an item
    /// leaves or joins, the order of the others stays. The list of items is all that it allocates.
    pub fn rank<'a, T: AsRef<str> + 'a>(&self, unit: &[&str], items: impl IntoIterator<Item = T>) -> Vec<T> {
        let unit = with(&self.mac, unit);
        let weight = |item: &T| digest(with(&unit, &[item.as_ref()]));
        let mut ranked: Vec<([u8; 32], T)> = items.into_iter().map(|item| (weight(&item), item)).collect();
        ranked.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.as_ref().cmp(b.1.as_ref())));
        ranked.into_iter().map(|(_, item)| item).collect()
    }

    /// The unit's own generator.
    fn stream(&self, unit: &[&str]) -> ChaCha12Rng {
        ChaCha12Rng::from_seed(digest(with(&self.mac, unit)))
    }
}

/// The MAC with one field more: its length before it, so that no two lists of fields collide.
fn with(mac: &Hmac<Sha256>, pieces: &[&str]) -> Hmac<Sha256> {
    let mut mac = mac.clone();
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    mac.update(&(length as u64).to_be_bytes());
    for piece in pieces {
        mac.update(piece.as_bytes());
    }
    mac
}

fn digest(mac: Hmac<Sha256>) -> [u8; 32] {
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, n).unwrap()
    }

    #[test]
    fn the_same_fields_give_the_same_draw() {
        let coin = |seed, purpose, date, unit| Dice::new(seed).on(purpose, date).coin(&[unit]).to_bits();
        let drawn = coin("s", "c", day(23), "u");
        assert_eq!(drawn, coin("s", "c", day(23), "u"));
        assert_ne!(drawn, coin("s", "c", day(24), "u"));
        assert_ne!(drawn, coin("s", "c", day(23), "v"));
        assert_ne!(drawn, coin("s", "d", day(23), "u"));
        assert_ne!(drawn, coin("t", "c", day(23), "u"));
    }

    #[test]
    fn fields_cannot_be_shifted_into_each_other() {
        let fields =
            |fields: &[&str]| digest(fields.iter().fold(Dice::new("s").mac, |mac, field| with(&mac, &[field])));
        assert_ne!(fields(&["ab", "c"]), fields(&["a", "bc"]));
        assert_ne!(fields(&["a", ""]), fields(&["a"]));
    }

    #[test]
    fn pieces_count_as_one_text() {
        let draws = Dice::new("s").on("c", day(23));
        let whole = draws.coin(&["shop-prod"]).to_bits();
        for pieces in [&["shop", "-", "prod"][..], &["", "shop-prod"], &["s", "hop-pro", "", "d"]] {
            assert_eq!(draws.coin(pieces).to_bits(), whole, "{pieces:?}");
        }
    }

    #[test]
    fn a_leaving_item_does_not_reorder_the_others() {
        let draws = Dice::new("s").on("victim", day(23));
        let all: Vec<String> = (0..20).map(|n| format!("i-{n}")).collect();
        let ranked = draws.rank(&["u"], all.iter());
        let gone = ranked[3].clone();
        let rest = draws.rank(&["u"], all.iter().filter(|id| **id != gone));
        assert_eq!(rest, ranked.into_iter().filter(|id| **id != gone).collect::<Vec<_>>());
    }

    #[test]
    fn every_item_comes_first_about_equally_often() {
        let draws = Dice::new("s").on("victim", day(23));
        let mut first = std::collections::BTreeMap::new();
        for unit in 0..4000 {
            let ranked = draws.rank(&[&unit.to_string()], ["a", "b", "c", "d"]);
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
        let coins: Vec<u64> = UNITS.iter().map(|unit| dice.on("chaos.coin", day(23)).coin(&[unit]).to_bits()).collect();
        assert_eq!(
            coins,
            [
                4_591_857_740_576_966_848,
                4_602_296_175_368_647_822,
                4_601_114_983_395_211_866,
                4_606_971_419_031_462_354
            ]
        );
        let minutes: Vec<u32> = UNITS.iter().map(|unit| dice.on("chaos.minute", day(23)).below(&[unit], 360)).collect();
        assert_eq!(minutes, [256, 212, 86, 297]);
        let items = ["i-0", "i-1", "i-2", "i-3", "i-4"];
        let ranks: Vec<String> =
            UNITS.iter().map(|unit| dice.on("chaos.victim", day(23)).rank(&[unit], items).concat()).collect();
        assert_eq!(ranks, ["i-2i-4i-0i-1i-3", "i-3i-2i-0i-1i-4", "i-2i-1i-3i-4i-0", "i-1i-0i-4i-3i-2"]);
    }

    /// One in one block of SHA-256, one that needs a second, one with letters of several bytes, one without any.
    const UNITS: [&str; 4] = ["u", "111122223333/us-east-1/cluster:shop-prod-canary", "köln/北京", ""];
}
