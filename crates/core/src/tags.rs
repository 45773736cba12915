//! From an owner's tags to settings. Fails closed: a tag that cannot be read opts the unit out and is a finding.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

use crate::action::Action;

/// Which tags mean what. The keys begin with a configurable prefix; one further tag may be mapped to an opt-in.
#[derive(Clone, Debug, PartialEq)]
pub struct TagRules {
    /// What our keys begin with, before the colon.
    pub prefix: String,
    /// Another tag (key and exact value) that opts in to chaos as well.
    pub mapped: Option<(String, String)>,
    /// The key that names the owner.
    pub owner: String,
    /// What counts where an owner says nothing.
    pub defaults: Settings,
}

impl Default for TagRules {
    fn default() -> Self {
        Self { prefix: "simian".into(), mapped: None, owner: "owner".into(), defaults: Settings::default() }
    }
}

/// What an owner (or the operator, by default) wants.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Mean working days from one action to the next.
    pub mean_days: f64,
    /// Least working days from one action to the next; 1 is the next working day.
    pub min_days: u32,
    /// Which faults, by weight.
    pub faults: Faults,
    /// The days that the owner vetoed.
    pub vetoes: Vec<NaiveDate>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { mean_days: 5.0, min_days: 1, faults: Faults::default(), vetoes: Vec::new() }
    }
}

impl Settings {
    /// The probability of an action on a working day outside the cool-down, such that the mean gap, cool-down counted
    /// in, is [`Settings::mean_days`]: a gap is `min − 1` days of rest and then a geometric wait of mean `1/p`.
    pub fn probability(&self) -> f64 {
        (1.0 / (self.mean_days - f64::from(self.min_days) + 1.0)).clamp(0.0, 1.0)
    }

    /// The mean of a daily probability, under a cool-down.
    pub fn mean_of(probability: f64, min_days: u32) -> f64 {
        f64::from(min_days) - 1.0 + 1.0 / probability
    }

    /// The more careful of the two in every respect: the largest mean and least gap, the faults that both allow, the
    /// vetoes of either.
    #[must_use]
    pub fn strictest(mut self, other: &Settings) -> Settings {
        self.mean_days = self.mean_days.max(other.mean_days);
        self.min_days = self.min_days.max(other.min_days);
        self.faults = self.faults.common(&other.faults);
        self.vetoes.extend(&other.vetoes);
        self.vetoes.sort_unstable();
        self.vetoes.dedup();
        self
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mean_days, min_days, faults, .. } = self;
        write!(f, "every {mean_days} working days on average, at least {min_days} apart, {faults}")
    }
}

/// Weights of actions: `terminate=8 terminate-gracefully=2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(BTreeMap<Action, u32>);

/// The largest weight: ratios up to a thousand to one are enough, and sums stay far from overflow.
const MAX_WEIGHT: u32 = 1000;

impl Default for Faults {
    fn default() -> Self {
        Self(BTreeMap::from([(Action::Terminate, 1)]))
    }
}

impl Faults {
    /// The actions with a weight above 0.
    pub fn weights(&self) -> impl Iterator<Item = (Action, u32)> + '_ {
        self.0.iter().map(|(action, weight)| (*action, *weight))
    }

    /// No action is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What both allow, with the smaller weight.
    fn common(&self, other: &Faults) -> Faults {
        Faults(self.weights().filter_map(|(a, w)| Some((a, w.min(*other.0.get(&a)?)))).collect())
    }

    /// The action at a point of the weights laid end to end; `at` in `0.0..1.0`.
    pub fn pick(&self, at: f64) -> Option<Action> {
        let total: u32 = self.0.values().sum();
        let mut left = at * f64::from(total);
        for (action, weight) in self.weights() {
            left -= f64::from(weight);
            if left < 0.0 {
                return Some(action);
            }
        }
        self.0.keys().next_back().copied()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.weights().map(|(action, weight)| format!("{action}={weight}")).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Faults {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let mut weights = BTreeMap::new();
        for word in text.split_whitespace() {
            let (name, weight) = word.split_once('=').unwrap_or((word, "1"));
            let action: Action = name.parse().map_err(|error: crate::action::UnknownAction| error.to_string())?;
            let weight = weight
                .parse()
                .ok()
                .filter(|w| *w <= MAX_WEIGHT)
                .ok_or_else(|| format!("`{weight}` is no weight: write a whole number up to {MAX_WEIGHT}"))?;
            if weights.insert(action, weight).is_some() {
                return Err(format!("`{name}` is there twice"));
            }
        }
        weights.retain(|_, weight| *weight > 0);
        if weights.is_empty() {
            return Err("no fault has a weight above 0: to opt out, set the opt-in tag to `off`".into());
        }
        Ok(Self(weights))
    }
}

/// A tag that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagProblem {
    /// The tag's key.
    pub key: String,
    /// What is wrong and the remedy.
    pub why: String,
}

impl fmt::Display for TagProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tag {}: {}", self.key, self.why)
    }
}

/// What a group's tags say.
#[derive(Clone, Debug, PartialEq)]
pub enum OptIn {
    /// Nothing, or no.
    Out,
    /// Yes.
    In(Settings),
    /// Something that cannot be read: it counts as no, and the owner is told.
    Malformed(Vec<TagProblem>),
}

/// Our tags that are not about chaos. A tag of ours that is none of all these is a typing error, and perhaps meant to
/// keep us away.
const OTHERS: [&str; 6] = ["chaos", "latency", "conformity", "keep", "mark", "fault"];

impl TagRules {
    /// The key of the opt-in tag.
    pub fn chaos_key(&self) -> String {
        format!("{}:chaos", self.prefix)
    }

    /// The owner that a group's tags name.
    pub fn owner(&self, tags: &BTreeMap<String, String>) -> Option<String> {
        tags.get(&self.owner).map(|owner| owner.trim().to_owned()).filter(|owner| !owner.is_empty())
    }

    /// The keys and values that a survey asks for: what may be an opt-in.
    pub fn survey(&self) -> (Vec<String>, Vec<String>) {
        let mut keys = vec![self.chaos_key()];
        let mut values = vec!["on".to_owned()];
        if let Some((key, value)) = &self.mapped {
            keys.push(key.clone());
            values.push(value.clone());
        }
        values.sort();
        values.dedup();
        (keys, values)
    }

    /// Reads a group's tags. `off` beats every mapped opt-in.
    pub fn read(&self, tags: &BTreeMap<String, String>) -> OptIn {
        let own = tags.get(&self.chaos_key()).map(String::as_str);
        let mapped = self.mapped.as_ref().is_some_and(|(key, value)| tags.get(key) == Some(value));
        match own {
            Some("on") => {}
            None if mapped => {}
            Some("off") | None => return OptIn::Out,
            Some(other) => {
                return OptIn::Malformed(vec![TagProblem {
                    key: self.chaos_key(),
                    why: format!("`{other}` is neither `on` nor `off`"),
                }]);
            }
        }
        match self.settings(tags) {
            Ok(settings) => OptIn::In(settings),
            Err(problems) => OptIn::Malformed(problems),
        }
    }

    fn settings(&self, tags: &BTreeMap<String, String>) -> Result<Settings, Vec<TagProblem>> {
        let mut problems = Vec::new();
        let mut settings = self.defaults.clone();
        let (mut mean, mut probability) = (None, None);
        let chaos = format!("{}:", self.chaos_key());
        let mut problem = |key: &str, why: String| problems.push(TagProblem { key: key.to_owned(), why });
        for (key, text) in tags {
            let text = text.trim();
            if let Some(name) = key.strip_prefix(&chaos) {
                let read = match name {
                    "mean-days" => parse_mean(text).map(|days| mean = Some(days)),
                    "probability" => parse_probability(text).map(|p| probability = Some(p)),
                    "min-days" => parse_min(text).map(|days| settings.min_days = days),
                    "faults" => text.parse().map(|faults| settings.faults = faults),
                    _ => Err("this simian knows no such setting: mend its name or remove it".to_owned()),
                };
                if let Err(why) = read {
                    problem(key, why);
                }
            } else if let Some(name) = key.strip_prefix(&format!("{}:", self.prefix)) {
                match name {
                    "veto" => match parse_dates(text) {
                        Ok(dates) => settings.vetoes = dates,
                        Err(why) => problem(key, why),
                    },
                    // Not understood is not ignored: whoever set it wants to be left alone at some hours.
                    "hours" => problem(key, "this simian does not read groups' own hours yet: remove it".to_owned()),
                    _ if OTHERS.contains(&name.split(':').next().unwrap_or(name)) => {}
                    _ => problem(key, "this simian knows no such tag: mend its name or remove it".to_owned()),
                }
            }
        }
        match (mean, probability) {
            (Some(_), Some(_)) => {
                problem(&format!("{chaos}mean-days"), format!("set it or {chaos}probability, not both"));
            }
            (Some(days), None) => settings.mean_days = days,
            (None, Some(p)) => settings.mean_days = Settings::mean_of(p, settings.min_days),
            // The default mean gives way to an owner's longer rest.
            (None, None) => settings.mean_days = settings.mean_days.max(f64::from(settings.min_days)),
        }
        if settings.mean_days < f64::from(settings.min_days) {
            problem(
                &format!("{chaos}mean-days"),
                format!("a mean of {} is less than min-days, {}: raise it", settings.mean_days, settings.min_days),
            );
        }
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }
}

/// The longest mean or rest: four years of working days. More is a typing error.
pub const MAX_DAYS: u32 = 1000;

fn decimal(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.bytes().any(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// Reads a mean in working days: at least 1.
pub fn parse_mean(text: &str) -> Result<f64, String> {
    decimal(text)
        .filter(|days| (1.0..=f64::from(MAX_DAYS)).contains(days))
        .ok_or_else(|| format!("`{text}` is no mean: write a number of working days from 1 to {MAX_DAYS}"))
}

/// Reads a daily probability: above 0, at most 1, and a mean of at most [`MAX_DAYS`].
pub fn parse_probability(text: &str) -> Result<f64, String> {
    decimal(text).filter(|p| (1.0 / f64::from(MAX_DAYS)..=1.0).contains(p)).ok_or_else(|| {
        format!("`{text}` is no daily probability: write a number from {} to 1", 1.0 / f64::from(MAX_DAYS))
    })
}

/// Reads a least gap in working days: at least 1.
pub fn parse_min(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|days| (1..=MAX_DAYS).contains(days))
        .ok_or_else(|| format!("`{text}` is no least gap: write a whole number of working days from 1 to {MAX_DAYS}"))
}

fn parse_dates(text: &str) -> Result<Vec<NaiveDate>, String> {
    if text.is_empty() {
        return Err("name a day, such as 2026-11-23, or remove the tag".into());
    }
    text.split_whitespace()
        .map(|word| word.parse().map_err(|_| format!("`{word}` is no date: write it as 2026-11-23")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tags: &[(&str, &str)]) -> OptIn {
        let rules = TagRules { mapped: Some(("chaos".into(), "true".into())), ..TagRules::default() };
        rules.read(&tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    fn settings(tags: &[(&str, &str)]) -> Settings {
        match read(tags) {
            OptIn::In(settings) => settings,
            other => panic!("{other:?}"),
        }
    }

    fn problem(tags: &[(&str, &str)]) -> String {
        match read(tags) {
            OptIn::Malformed(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nobody_is_in_without_a_word() {
        assert_eq!(read(&[]), OptIn::Out);
        assert_eq!(read(&[("chaos", "True")]), OptIn::Out);
        assert_eq!(read(&[("simian:chaos:mean-days", "garbage")]), OptIn::Out);
    }

    #[test]
    fn on_off_and_mapped() {
        assert_eq!(settings(&[("simian:chaos", "on")]), Settings::default());
        assert_eq!(settings(&[("chaos", "true")]), Settings::default());
        assert_eq!(read(&[("chaos", "true"), ("simian:chaos", "off")]), OptIn::Out);
        assert!(problem(&[("simian:chaos", "yes")]).contains("`yes` is neither"));
        assert!(problem(&[("simian:chaos", "On"), ("chaos", "true")]).contains("`On`"));
    }

    #[test]
    fn rates() {
        let on = ("simian:chaos", "on");
        let s = settings(&[on, ("simian:chaos:mean-days", "7"), ("simian:chaos:min-days", "3")]);
        assert!((s.probability() - 0.2).abs() < 1e-12);
        let s = settings(&[on, ("simian:chaos:probability", "0.2"), ("simian:chaos:min-days", "3")]);
        assert!((s.mean_days - 7.0).abs() < 1e-12);
        assert!((s.probability() - 0.2).abs() < 1e-12);
        assert!((settings(&[on, ("simian:chaos:min-days", "9")]).mean_days - 9.0).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_read_opts_out_and_says_why() {
        let on = ("simian:chaos", "on");
        for (key, text, part) in [
            ("simian:chaos:mean-days", "0.5", "from 1 to 1000"),
            ("simian:chaos:mean-days", "NaN", "no mean"),
            ("simian:chaos:mean-days", "inf", "no mean"),
            ("simian:chaos:mean-days", "-3", "no mean"),
            ("simian:chaos:probability", "0", "no daily probability"),
            ("simian:chaos:probability", "1.5", "no daily probability"),
            ("simian:chaos:min-days", "0", "no least gap"),
            ("simian:chaos:min-days", "1.5", "no least gap"),
            ("simian:chaos:faults", "isolate=2", "`isolate` is no action"),
            ("simian:chaos:faults", "terminate=0", "no fault"),
            ("simian:chaos:faults", "terminate=1 terminate=2", "twice"),
            ("simian:chaos:faults", "terminate=-1", "no weight"),
            ("simian:chaos:maen-days", "5", "no such setting"),
            ("simian:veto", "tomorrow", "no date"),
            ("simian:vetos", "2026-11-23", "no such tag"),
            ("simian:hours", "10:00-12:00", "own hours"),
        ] {
            let text = problem(&[on, (key, text)]);
            assert!(text.contains(key) && text.contains(part), "{text}");
        }
        assert!(
            problem(&[on, ("simian:chaos:mean-days", "5"), ("simian:chaos:probability", "0.2")]).contains("not both")
        );
        assert!(problem(&[on, ("simian:chaos:mean-days", "2"), ("simian:chaos:min-days", "3")]).contains("less than"));
    }

    #[test]
    fn other_monkeys_tags_are_theirs() {
        assert_eq!(settings(&[("simian:chaos", "on"), ("simian:keep", "forever")]), Settings::default());
    }

    #[test]
    fn weights_are_picked_in_proportion() {
        let faults: Faults = "terminate=3 terminate-gracefully".parse().unwrap();
        assert_eq!(faults.pick(0.0), Some(Action::Terminate));
        assert_eq!(faults.pick(0.749), Some(Action::Terminate));
        assert_eq!(faults.pick(0.751), Some(Action::TerminateGracefully));
        assert_eq!(faults.pick(0.999_999), Some(Action::TerminateGracefully));
    }
}
