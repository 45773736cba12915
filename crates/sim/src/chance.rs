//! Chance for the simulated world: reproducible for ever, and cheap in an unoptimized build.
//!
//! Every thing that draws has a stream of its own, named by who it is. So what one group draws does not depend on what
//! another did, nor the world on how often somebody looked at it.

/// A stream of numbers: `SplitMix64` (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
#[derive(Clone, Debug)]
pub struct Chance(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Chance {
    /// The stream of that name. The parts do not run into each other.
    pub fn new(seed: u64, name: &[&str]) -> Self {
        // FNV-1a, then mixed by the first draw.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(GOLDEN);
        for part in name {
            for byte in part.bytes().chain([0xff]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        let mut chance = Self(hash);
        chance.0 = chance.next();
        chance
    }

    /// 64 bits.
    #[expect(clippy::should_implement_trait, reason = "it never ends, and is no iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..n`; 0 when `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        // Lemire's multiply and shift; its bias is below n / 2^64.
        u64::try_from((u128::from(self.next()) * u128::from(n)) >> 64).unwrap_or(0)
    }

    /// A number in `low..=high`; `low` when the range is empty.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below((high.saturating_sub(low)).saturating_add(1))
    }

    /// An index into a list of that length.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// True with that probability.
    pub fn hit(&mut self, probability: f64) -> bool {
        // 53 bits are what a double holds.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
        let point = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        point < probability
    }

    /// Puts the items into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ() {
        assert_eq!(Chance::new(1, &["a", "b"]).next(), Chance::new(1, &["a", "b"]).next());
        assert_ne!(Chance::new(1, &["a", "b"]).next(), Chance::new(1, &["ab"]).next());
        assert_ne!(Chance::new(1, &["a"]).next(), Chance::new(2, &["a"]).next());
    }

    #[test]
    fn draws_stay_in_range_and_reach_its_ends() {
        let mut chance = Chance::new(7, &[]);
        let drawn: std::collections::BTreeSet<u64> = (0..200).map(|_| chance.between(3, 6)).collect();
        assert_eq!(drawn, (3..=6).collect());
        assert_eq!(chance.between(5, 5), 5);
        assert_eq!(chance.below(0), 0);
        let hits = (0..10_000).filter(|_| chance.hit(0.3)).count();
        assert!((2_800..3_200).contains(&hits), "{hits}");
        assert!(!chance.hit(0.0) && chance.hit(1.0));
    }

    #[test]
    fn a_shuffle_keeps_the_items() {
        let mut items: Vec<u32> = (0..50).collect();
        Chance::new(7, &[]).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}
