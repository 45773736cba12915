//! Holidays: the public ones of some countries, by rule, and the dates that an operator adds.
//!
//! A country's rules are its law as it is applied from 2020 on, in a file of its own; what was otherwise before is
//! left out. What a government proclaims for one year only stands in a short list beside the rules, and such a list
//! ends where our knowledge does: the operator adds the next one as a date.
//!
//! A holiday that falls on a weekend closes its own date, and so does the day off that is given for it: who works on
//! Saturdays does not work on that one either.
//!
//! What may not happen here: no year is tabled, and no holiday of a single town is guessed at.

mod germany;
mod united_kingdom;
mod united_states;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{Datelike, Days, Month, NaiveDate, TimeDelta, Weekday};

pub use germany::State;
pub use united_kingdom::Nation;

/// What a date is called that has no name.
const UNNAMED: &str = "a holiday";

/// A public holiday of one year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holiday {
    /// The date.
    pub date: NaiveDate,
    /// What its country calls it.
    pub name: &'static str,
    /// What its country calls the day off that is given when the holiday itself falls on a weekend, if this is one.
    pub instead: Option<&'static str>,
}

impl fmt::Display for Holiday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.instead {
            Some(instead) => write!(f, "{} ({instead})", self.name),
            None => f.write_str(self.name),
        }
    }
}

/// A country, or a part of one, whose public holidays are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Country {
    /// The federal holidays of the United States.
    UnitedStates,
    /// The bank and public holidays of a part of the United Kingdom.
    UnitedKingdom(Nation),
    /// The public holidays of a German state, or those that all of them have.
    Germany(Option<State>),
}

/// How countries are written. A country's own code is the first that stands for it.
const CODES: [(&str, Country); 23] = [
    ("us", Country::UnitedStates),
    ("uk", Country::UnitedKingdom(Nation::England)),
    ("uk-england", Country::UnitedKingdom(Nation::England)),
    ("uk-wales", Country::UnitedKingdom(Nation::England)),
    ("uk-scotland", Country::UnitedKingdom(Nation::Scotland)),
    ("uk-northern-ireland", Country::UnitedKingdom(Nation::NorthernIreland)),
    ("de", Country::Germany(None)),
    ("de-bb", Country::Germany(Some(State::Brandenburg))),
    ("de-be", Country::Germany(Some(State::Berlin))),
    ("de-bw", Country::Germany(Some(State::BadenWuerttemberg))),
    ("de-by", Country::Germany(Some(State::Bavaria))),
    ("de-hb", Country::Germany(Some(State::Bremen))),
    ("de-he", Country::Germany(Some(State::Hesse))),
    ("de-hh", Country::Germany(Some(State::Hamburg))),
    ("de-mv", Country::Germany(Some(State::MecklenburgVorpommern))),
    ("de-ni", Country::Germany(Some(State::LowerSaxony))),
    ("de-nw", Country::Germany(Some(State::NorthRhineWestphalia))),
    ("de-rp", Country::Germany(Some(State::RhinelandPalatinate))),
    ("de-sh", Country::Germany(Some(State::SchleswigHolstein))),
    ("de-sl", Country::Germany(Some(State::Saarland))),
    ("de-sn", Country::Germany(Some(State::Saxony))),
    ("de-st", Country::Germany(Some(State::SaxonyAnhalt))),
    ("de-th", Country::Germany(Some(State::Thuringia))),
];

impl Country {
    /// All codes that there are, each once.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        CODES.iter().map(|(code, _)| *code)
    }

    /// The country that a code such as `us` or `de-by` stands for.
    pub fn of(code: &str) -> Option<Country> {
        CODES.iter().find(|(known, _)| *known == code).map(|(_, country)| *country)
    }

    /// The holidays that fall into a year, in order, with the days off that are given for them: one for 1 January
    /// may lie in the year before.
    pub fn holidays(self, year: i32) -> Vec<Holiday> {
        let mut year = Year { year, holidays: Vec::with_capacity(20) };
        match self {
            Country::UnitedStates => united_states::holidays(&mut year),
            Country::UnitedKingdom(nation) => united_kingdom::holidays(&mut year, nation),
            Country::Germany(state) => germany::holidays(&mut year, state),
        }
        year.holidays.sort_by_key(|holiday| (holiday.date, holiday.instead));
        year.holidays
    }

    /// The holiday on a date.
    pub fn holiday_on(self, date: NaiveDate) -> Option<Holiday> {
        let next = (date.month() == 12).then(|| date.year() + 1);
        let mut years = std::iter::once(date.year()).chain(next);
        years.find_map(|year| self.holidays(year).into_iter().find(|holiday| holiday.date == date))
    }
}

/// All dates on which no window opens, whoever named them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holidays {
    named: BTreeMap<NaiveDate, String>,
    countries: Vec<Country>,
    dates: BTreeSet<NaiveDate>,
}

impl Holidays {
    /// Adds a date without a name.
    pub fn insert(&mut self, date: NaiveDate) {
        self.dates.insert(date);
    }

    /// Adds a date with its name. A date that has one keeps it.
    pub fn insert_named(&mut self, date: NaiveDate, name: &str) {
        self.named.entry(date).or_insert_with(|| name.to_owned());
    }

    /// Adds all public holidays of a country.
    pub fn insert_country(&mut self, country: Country) {
        if !self.countries.contains(&country) {
            self.countries.push(country);
        }
    }

    /// What the date is called, when it is a holiday: the operator's own name comes before a country's, and an
    /// earlier country's before a later one's. A date without a name is "a holiday".
    pub fn name_on(&self, date: NaiveDate) -> Option<String> {
        let public = || self.countries.iter().find_map(|country| country.holiday_on(date)).map(|day| day.to_string());
        let plain = || self.dates.contains(&date).then(|| UNNAMED.to_owned());
        self.named.get(&date).cloned().or_else(public).or_else(plain)
    }
}

impl FromIterator<NaiveDate> for Holidays {
    fn from_iter<I: IntoIterator<Item = NaiveDate>>(dates: I) -> Self {
        Holidays { dates: dates.into_iter().collect(), ..Holidays::default() }
    }
}

impl<const N: usize> From<[NaiveDate; N]> for Holidays {
    fn from(dates: [NaiveDate; N]) -> Self {
        dates.into_iter().collect()
    }
}

/// A year whose holidays are being named, one rule after the other. What chrono cannot hold is no date of anybody's
/// calendar and is left out.
struct Year {
    year: i32,
    holidays: Vec<Holiday>,
}

impl Year {
    fn add(&mut self, name: &'static str, date: Option<NaiveDate>) {
        self.holidays.extend(date.map(|date| Holiday { date, name, instead: None }));
    }

    /// A holiday on a date.
    fn on(&mut self, name: &'static str, month: Month, day: u32) {
        self.add(name, NaiveDate::from_ymd_opt(self.year, month.number_from_month(), day));
    }

    /// A holiday on the `n`-th such day of a month, from 1.
    fn nth(&mut self, name: &'static str, n: u8, weekday: Weekday, month: Month) {
        self.add(name, NaiveDate::from_weekday_of_month_opt(self.year, month.number_from_month(), weekday, n));
    }

    /// A holiday on the last such day of a month.
    fn last(&mut self, name: &'static str, weekday: Weekday, month: Month) {
        let nth = |n| NaiveDate::from_weekday_of_month_opt(self.year, month.number_from_month(), weekday, n);
        self.add(name, nth(5).or_else(|| nth(4)));
    }

    /// A holiday some days after Easter Sunday.
    fn easter(&mut self, name: &'static str, days: i64) {
        self.add(name, easter(self.year).and_then(|easter| easter.checked_add_signed(TimeDelta::days(days))));
    }

    /// Gives the Friday off for a holiday on a Saturday and the Monday for one on a Sunday.
    fn give_nearest(&mut self, word: &'static str) {
        for n in 0..self.holidays.len() {
            let Holiday { date, name, .. } = self.holidays[n];
            let given = match date.weekday() {
                Weekday::Sat => date.pred_opt(),
                Weekday::Sun => date.succ_opt(),
                _ => None,
            };
            self.holidays.extend(given.map(|date| Holiday { date, name, instead: Some(word) }));
        }
    }

    /// Gives the next weekday off that is no holiday and not given yet for a holiday on a weekend.
    fn give_next(&mut self, word: &'static str) {
        self.holidays.sort_by_key(|holiday| holiday.date);
        for n in 0..self.holidays.len() {
            let Holiday { date, name, .. } = self.holidays[n];
            if !is_weekend(date) {
                continue;
            }
            let taken = |date: &NaiveDate| self.holidays.iter().any(|holiday| holiday.date == *date);
            let mut later = (1..).map_while(|days| date.checked_add_days(Days::new(days)));
            let given = later.find(|date| !is_weekend(*date) && !taken(date));
            self.holidays.extend(given.map(|date| Holiday { date, name, instead: Some(word) }));
        }
    }
}

fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// Easter Sunday in the Gregorian calendar. Source: Meeus, Astronomical Algorithms, chapter 8.
#[expect(clippy::many_single_char_names, reason = "the algorithm's own letters")]
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year.rem_euclid(19), year.div_euclid(100), year.rem_euclid(100));
    let (d, e) = (b.div_euclid(4), b.rem_euclid(4));
    let f = (b + 8).div_euclid(25);
    let g = (b - f + 1).div_euclid(3);
    let h = (19 * a + b - d - g + 15).rem_euclid(30);
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k).rem_euclid(7);
    let m = (a + 11 * h + 22 * l).div_euclid(451);
    let sum = h + l - 7 * m + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(sum / 31).ok()?, u32::try_from(sum % 31 + 1).ok()?)
}
