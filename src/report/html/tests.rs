//! The page in words, and what may never be in it. How it looks is seen in a browser by `tests/run browser`.

use chrono::TimeDelta;
use simian_core::Draft;

use super::*;
use crate::report::tests::{calendar, frame, monday, rich};
use crate::report::{Facts, Frame, Report, sample};

/// What somebody may write into a tag who wants to be more than text.
const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'--></style><b>bold</b>",
    "{{ 7 * 7 }}{% raw %}",
    "a\u{202e}b\u{200b}c\u{0}d\u{1b}[31m",
    "&lt;already&gt;",
];

fn page(facts: &Facts) -> String {
    let calendar = calendar();
    html(&Report::of(facts, &frame(&calendar)), chrono_tz::UTC)
}

/// A page without its style sheet.
fn body(page: &str) -> String {
    let (before, rest) = page.split_once("<style>").unwrap();
    format!("{before}{}", rest.split_once("</style>").unwrap().1)
}

/// A week of everything, all of whose texts are hostile.
fn hostile(text: &str) -> Facts {
    let mut facts = rich();
    sample::enrich(&mut facts, monday());
    let dirty = |event: &mut Draft| {
        let fields = [
            &mut event.actor,
            &mut event.unit,
            &mut event.group,
            &mut event.app,
            &mut event.owner,
            &mut event.target,
            &mut event.action,
            &mut event.outcome,
            &mut event.run,
        ];
        for field in fields.into_iter().filter_map(Option::as_mut) {
            // What the janitor does is known by its word.
            if !matches!(field.as_str(), "delete" | "save") {
                field.push_str(text);
            }
        }
        event.why.push_str(text);
    };
    facts.events.iter_mut().chain(&mut facts.before).for_each(dirty);
    for claim in &mut facts.claims {
        let targets = claim.claim.targets.iter_mut();
        targets.for_each(|target| target.instance = simian_core::InstanceId::new(text));
    }
    facts
}

#[test]
fn a_week_of_everything() {
    insta::assert_snapshot!(body(&page(&rich())));
}

#[test]
fn no_text_becomes_markup() {
    let ordinary = page(&hostile(""));
    let tags = |page: &str, tag: &str| page.matches(tag).count();
    for text in HOSTILE {
        let page = page(&hostile(text));
        for tag in ["<script", "<img", "<b>", "</style>", "<svg", "<rect", "<details", "<!--", " onerror=\""] {
            assert_eq!(tags(&page, tag), tags(&ordinary, tag), "{tag} of {text:?}");
        }
        assert!(page.chars().all(|c| c == '\n' || is_seen(c)), "{text:?} hides something");
    }
    assert!(page(&hostile(HOSTILE[0])).contains("&#60;script&#62;alert(1)"), "it is shown, as text");
}

#[test]
fn figures_beyond_all_measure_break_nothing() {
    let mut facts = hostile("");
    for event in facts.events.iter_mut().chain(&mut facts.before) {
        event.counts.values_mut().for_each(|count| *count = u64::MAX);
    }
    let page = page(&facts);
    assert!(page.contains("</html>") && !page.contains("NaN") && !page.contains("inf%"));
}

#[test]
fn nothing_is_asked_of_anybody() {
    let page = page(&hostile("x"));
    for request in ["http://", "https://", "url(", "@import", " src=", "<link", "<script", "<iframe", "<form"] {
        assert!(!page.contains(request), "{request}");
    }
    assert!(page.matches("href=\"").count() == page.matches("href=\"#").count());
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn long_lists_are_folded_and_endless_ones_cut() {
    let mut facts = Facts::default();
    sample::enrich(&mut facts, monday());
    let page = page(&facts);
    assert!(page.contains("<summary>Resources that nobody uses: 313</summary>"), "{page}");
    assert!(page.contains("and 113 more in the JSON"));
    assert!(page.contains("<summary>Findings: 62</summary>"));
}

#[test]
fn a_year_of_a_large_account_stays_a_page() {
    let calendar = calendar();
    let since = monday() - TimeDelta::days(365);
    let mut facts = rich();
    for week in 0..52 {
        sample::enrich(&mut facts, since + TimeDelta::weeks(week));
    }
    let frame = Frame { since, ..frame(&calendar) };
    let page = html(&Report::of(&facts, &frame), chrono_tz::UTC);
    assert!(page.len() < 600_000, "{} bytes", page.len());
}

#[test]
fn the_headline_says_whether_it_happened() {
    let calendar = calendar();
    let of = |facts: &Facts, modes: &[simian_core::Mode]| {
        let accounts = ["111122223333", "222233334444"].map(|id| id.parse().unwrap());
        let modes = accounts.into_iter().zip(modes.iter().copied()).collect();
        Report::of(
            facts,
            &Frame {
                names: std::iter::once(("111122223333".parse().unwrap(), "a".into())).collect(),
                modes,
                ..frame(&calendar)
            },
        )
        .headline
    };
    let (live, dry) = (simian_core::Mode::Live, simian_core::Mode::DryRun);
    assert_eq!(of(&rich(), &[live]), "What was done, and what would have been");
    assert_eq!(of(&Facts::default(), &[dry]), "What would have happened");
    assert_eq!(of(&Facts::default(), &[live]), "What was done");
    let mut rehearsed = rich();
    rehearsed.events.retain(|event| event.mode == dry);
    assert_eq!(of(&rehearsed, &[live]), "What would have happened", "what is told counts, not what may be done now");
}
