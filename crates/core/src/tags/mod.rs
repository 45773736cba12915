//! From an owner's tags to settings. Fails closed: a tag that cannot be read opts the unit out and is a finding.

mod faults;
mod latency;

use std::collections::BTreeMap;
use std::fmt;

use chrono::{NaiveDate, TimeDelta};

pub use faults::Faults;
pub use latency::{USUAL, tag_of};

use crate::calendar::{CalendarError, OwnHours};
use crate::fault::Terms;
use crate::size::{self, Size};
use crate::span;

/// Which tags mean what to one monkey. The keys begin with a configurable prefix; one further tag may be mapped to an
/// opt-in.
#[derive(Clone, Debug, PartialEq)]
pub struct TagRules {
    /// What our keys begin with, before the colon.
    pub prefix: String,
    /// The word of the opt-in: the monkey's name.
    pub word: &'static str,
    /// Another tag (key and exact value) that opts in as well.
    pub mapped: Option<(String, String)>,
    /// The key that names the owner.
    pub owner: String,
    /// What counts where an owner says nothing.
    pub defaults: Settings,
}

impl Default for TagRules {
    fn default() -> Self {
        Self {
            prefix: "simian".into(),
            word: CHAOS,
            mapped: None,
            owner: "owner".into(),
            defaults: Settings::default(),
        }
    }
}

/// The word of the opt-in to what is drawn by weight.
pub const CHAOS: &str = "chaos";

/// The word of the opt-in to slow networks: its settings are the parameters of that one fault.
pub const LATENCY: &str = "latency";

/// What an owner (or the operator, by default) wants.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Mean working days from one action to the next.
    pub mean_days: f64,
    /// Least working days from one action to the next; 1 is the next working day.
    pub min_days: u32,
    /// Which faults, by weight.
    pub faults: Faults,
    /// How long and how hard, where the owner says so and not the operator.
    pub terms: Option<Terms>,
    /// How many at once.
    pub size: Size,
    /// The hours within which the owner allows anything: all of them.
    pub hours: Vec<OwnHours>,
    /// The days that the owner vetoed.
    pub vetoes: Vec<NaiveDate>,
    /// The CloudWatch alarms that must be quiet, by name.
    pub alarms: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mean_days: 5.0,
            min_days: 1,
            faults: Faults::default(),
            terms: None,
            size: Size::default(),
            hours: Vec::new(),
            vetoes: Vec::new(),
            alarms: Vec::new(),
        }
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
    /// smallest size, the hours of both, the vetoes and the alarms of either.
    #[must_use]
    pub fn strictest(mut self, other: &Settings) -> Settings {
        self.mean_days = self.mean_days.max(other.mean_days);
        self.min_days = self.min_days.max(other.min_days);
        self.faults = self.faults.common(&other.faults);
        match (&mut self.terms, &other.terms) {
            (Some(ours), Some(theirs)) if ours.parameters == theirs.parameters => {
                ours.lasts = ours.lasts.min(theirs.lasts);
            }
            (None, None) => {}
            // Of two networks none is the more careful.
            _ => self.faults = Faults::none(),
        }
        self.size = self.size.smallest(other.size);
        for hours in &other.hours {
            if !self.hours.contains(hours) {
                self.hours.push(*hours);
            }
        }
        self.vetoes.extend(&other.vetoes);
        self.vetoes.sort_unstable();
        self.vetoes.dedup();
        self.alarms.extend_from_slice(&other.alarms);
        self.alarms.sort_unstable();
        self.alarms.dedup();
        self
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mean_days, min_days, faults, size, .. } = self;
        write!(f, "every {mean_days} working days on average, at least {min_days} apart, {faults}")?;
        if *size != Size::default() {
            write!(f, ", {size}")?;
        }
        self.hours.iter().try_for_each(|hours| write!(f, ", within {hours}"))
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
const OTHERS: [&str; 7] = ["chaos", "latency", "conformity", "keep", "mark", "saved", "fault"];

impl TagRules {
    /// The key of a tag of ours: `simian:keep` for `keep`.
    pub fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// The key of the opt-in tag.
    pub fn opt_in_key(&self) -> String {
        format!("{}:{}", self.prefix, self.word)
    }

    /// The owner that a group's tags name.
    pub fn owner(&self, tags: &BTreeMap<String, String>) -> Option<String> {
        tags.get(&self.owner).map(|owner| owner.trim().to_owned()).filter(|owner| !owner.is_empty())
    }

    /// The keys and values that a survey asks for: what may be an opt-in.
    pub fn survey(&self) -> (Vec<String>, Vec<String>) {
        let mut keys = vec![self.opt_in_key()];
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
        let own = tags.get(&self.opt_in_key()).map(String::as_str);
        let mapped = self.mapped.as_ref().is_some_and(|(key, value)| tags.get(key) == Some(value));
        match own {
            Some("on") => {}
            None if mapped => {}
            Some("off") | None => return OptIn::Out,
            Some(other) => {
                return OptIn::Malformed(vec![TagProblem {
                    key: self.opt_in_key(),
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
        let (mut count, mut share, mut cap) = (None, None, None);
        let mut network = (self.word == LATENCY).then(latency::Said::default);
        let (own, ours) = (format!("{}:", self.opt_in_key()), format!("{}:", self.prefix));
        let mut problem = |key: &str, why: String| problems.push(TagProblem { key: key.to_owned(), why });
        for (key, text) in tags {
            let text = text.trim();
            if let Some(name) = key.strip_prefix(&own) {
                if let Some(network) = &mut network
                    && let Some(read) = network.read(name, text)
                {
                    if let Err(why) = read {
                        problem(key, why);
                    }
                    continue;
                }
                let read = match name {
                    "mean-days" => parse_mean(text).map(|days| mean = Some(days)),
                    "probability" => parse_probability(text).map(|p| probability = Some(p)),
                    "min-days" => parse_min(text).map(|days| settings.min_days = days),
                    "count" => size::parse_count(text).map(|n| count = Some(n)),
                    "share" => text.parse().map(|part| share = Some(part)),
                    "cap" => size::parse_count(text).map(|n| cap = Some(n)),
                    "faults" if self.word == CHAOS => text.parse().map(|faults| settings.faults = faults),
                    _ => Err("this simian knows no such setting: mend its name or remove it".to_owned()),
                };
                if let Err(why) = read {
                    problem(key, why);
                }
            } else if let Some(name) = key.strip_prefix(&ours) {
                match name {
                    "veto" => match parse_dates(text) {
                        Ok(dates) => settings.vetoes = dates,
                        Err(why) => problem(key, why),
                    },
                    "hours" => match text.parse() {
                        Ok(hours) => settings.hours = vec![hours],
                        Err(why) => problem(key, CalendarError::to_string(&why)),
                    },
                    "alarms" => match parse_alarms(text) {
                        Ok(names) => settings.alarms = names,
                        Err(why) => problem(key, why),
                    },
                    _ if OTHERS.contains(&name.split(':').next().unwrap_or(name)) => {}
                    _ => problem(key, "this simian knows no such tag: mend its name or remove it".to_owned()),
                }
            }
        }
        match (mean, probability) {
            (Some(_), Some(_)) => {
                problem(&format!("{own}mean-days"), format!("set it or {own}probability, not both"));
            }
            (Some(days), None) => settings.mean_days = days,
            (None, Some(p)) => settings.mean_days = Settings::mean_of(p, settings.min_days),
            // The default mean gives way to an owner's longer rest.
            (None, None) => settings.mean_days = settings.mean_days.max(f64::from(settings.min_days)),
        }
        if settings.mean_days < f64::from(settings.min_days) {
            problem(
                &format!("{own}mean-days"),
                format!("a mean of {} is less than min-days, {}: raise it", settings.mean_days, settings.min_days),
            );
        }
        match Size::of(count, share, cap, settings.size) {
            Ok(size) => settings.size = size,
            Err(error) => problem(&format!("{own}{}", error.key), error.why),
        }
        if let Some(network) = network {
            network.settle(&mut settings);
        }
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }
}

/// Reads how long a fault is to last: a minute at least, twelve hours at most.
pub fn parse_lasts(text: &str) -> Result<TimeDelta, String> {
    let lasts = span::parse(text)?;
    if (TimeDelta::minutes(1)..=TimeDelta::hours(12)).contains(&lasts) {
        Ok(lasts)
    } else {
        Err(format!("`{text}` is not between 1m and 12h"))
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

/// The most alarms of one group: a tag has 256 characters, and each alarm is asked whenever it is due.
const MAX_ALARMS: usize = 10;

fn parse_alarms(text: &str) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    match names.len() {
        0 => Err("name a CloudWatch alarm of this region, or remove the tag".into()),
        n if n > MAX_ALARMS => {
            Err(format!("there are {n} alarms: name at most {MAX_ALARMS}, or a composite alarm over them"))
        }
        _ => Ok(names),
    }
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
mod tests;
