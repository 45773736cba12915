//! Mutations of seeds: bytes changed, pieces repeated, removed and swapped with those of other seeds, words put in.

/// A generator of numbers (SplitMix64, Steele, Lea and Flood 2014): the same on every machine.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`, which is not 0.
    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }

    fn of<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len())]
    }
}

/// The longest input: larger ones are libFuzzer's to find.
const LONGEST: usize = 4_096;

/// The words of a dictionary in libFuzzer's format: one in quotes a line.
pub fn dictionary(text: &str) -> Vec<Vec<u8>> {
    let lines = text.lines().filter(|line| line.starts_with('"'));
    let words: Vec<Vec<u8>> = lines
        .map(|line| line.trim_matches('"').replace("\\x0a", "\n").replace("\\\"", "\"").replace("\\\\", "\\").into())
        .collect();
    assert!(!words.is_empty(), "an empty dictionary");
    words
}

/// The `n`-th mutation.
pub fn mutation(seeds: &[Vec<u8>], words: &[Vec<u8>], n: u64) -> Vec<u8> {
    let mut numbers = Numbers(n);
    let mut input = numbers.of(seeds).clone();
    for _ in 0..=numbers.below(4) {
        change(&mut input, seeds, words, &mut numbers);
    }
    input.truncate(LONGEST);
    input
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[Vec<u8>], numbers: &mut Numbers) {
    let at = numbers.below(input.len() + 1);
    let end = at + numbers.below((input.len() - at).min(64) + 1);
    match numbers.below(7) {
        0 if at < input.len() => input[at] = u8::try_from(numbers.below(256)).unwrap(),
        // A neighbour on the keyboard of ASCII: one digit or letter further.
        1 if at < input.len() => input[at] = input[at].wrapping_add(1),
        2 => drop(input.drain(at..end)),
        3 => {
            let piece = input[at..end].repeat(numbers.below(8));
            input.splice(at..at, piece);
        }
        4 => {
            let other = numbers.of(seeds);
            let from = numbers.below(other.len() + 1);
            let to = from + numbers.below((other.len() - from).min(256) + 1);
            input.splice(at..end, other[from..to].iter().copied());
        }
        5 => drop(input.splice(at..at, numbers.of(words).iter().copied())),
        _ => drop(input.splice(at..end, numbers.of(words).iter().copied())),
    }
}
