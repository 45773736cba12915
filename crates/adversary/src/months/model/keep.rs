//! What is kept, read once more.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use simian_core::ResourceId;

use crate::months::KeepSetup;

/// By its owner's tag: for ever, through a date, or by something that nobody can read.
pub(super) fn by_tag(value: Option<&str>, today: NaiveDate) -> bool {
    value.is_some_and(|text| text.trim().parse::<NaiveDate>().map_or(true, |until| today <= until))
}

/// By a line of the operator's. Things here have no names beside their ids.
pub(super) fn by_line(lines: &[KeepSetup], id: &ResourceId, tags: &BTreeMap<String, String>) -> bool {
    lines.iter().any(|line| {
        let tagged = |(key, value): &(String, Option<String>)| match (tags.get(key), value) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(has), Some(pattern)) => fits(pattern, has),
        };
        line.name.as_ref().is_none_or(|pattern| fits(pattern, &id.id))
            && line.kind.as_ref().is_none_or(|kind| kind == id.kind.as_str())
            && line.tag.as_ref().is_none_or(tagged)
    })
}

/// A pattern whose only sign is a star.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => {
            let Some(rest) = text.strip_prefix(head) else { return false };
            (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| fits(tail, &rest[at..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_keeps_through_its_day_and_nonsense_for_ever() {
        let today = "2026-11-23".parse().unwrap();
        for (text, kept) in
            [("forever", true), ("2026-11-23", true), ("2026-11-22", false), ("soon", true), (" 2027-01-01 ", true)]
        {
            assert_eq!(by_tag(Some(text), today), kept, "{text}");
        }
        assert!(!by_tag(None, today));
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, fit) in [
            ("vol-*", "vol-1", true),
            ("*-1", "vol-1", true),
            ("*", "", true),
            ("vol-1", "vol-12", false),
            ("*x*", "axb", true),
        ] {
            assert_eq!(fits(pattern, text), fit, "{pattern} {text}");
        }
    }
}
