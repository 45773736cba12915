//! What the page says where: figures are words already, and long lists are cut.

use askama::Template;
use chrono_tz::Tz;
use simian_core::Mode;

use super::chart;
use super::list::List;
use crate::report::tables::{self, Tables};
use crate::report::text::{dollars, grouped, many, seconds};
use crate::report::{Advice, Part, Recovery, Report, Severity};

/// So many recommendations are on the page at once; as many again and more are folded behind them.
const FIRST_ADVICE: usize = 8;

/// And no more than these at all.
const MOST_ADVICE: usize = 60;

/// So many owners are told of in an account.
const MOST_OWNERS: usize = 100;

/// With more owners than these each is folded.
const OPEN_OWNERS: usize = 3;

/// The whole page.
#[derive(Template)]
#[template(path = "report/page.html")]
pub(super) struct Page<'r> {
    report: &'r Report,
    /// From when to when.
    span: [String; 2],
    /// The summary in pieces; every second one is a name.
    summary: Vec<&'r str>,
    tiles: Vec<Tile>,
    advice: &'r [Advice],
    more_advice: &'r [Advice],
    unseen_advice: usize,
    timeline: String,
    /// What its colours mean: classes and words.
    legend: Vec<(&'static str, &'static str)>,
    days: List,
    recoveries: String,
    findings_by_owner: List,
    findings: List,
    scores: List,
    waste_by_type: List,
    waste_by_owner: List,
    janitor: Vec<(String, &'static str)>,
    marks: List,
    parts: Vec<PartView<'r>>,
    pauses: List,
    blind: List,
    none_blind: String,
}

/// A figure that is seen first.
struct Tile {
    figure: String,
    what: &'static str,
    /// What puts it into proportion.
    beside: String,
}

struct PartView<'r> {
    part: &'r Part,
    about: &'static str,
    holds: List,
    owners: Vec<OwnerView<'r>>,
    more_owners: usize,
    open: bool,
}

struct OwnerView<'r> {
    owner: Option<&'r str>,
    figures: String,
    units: List,
    turns: [List; 2],
}

impl<'r> Page<'r> {
    pub(super) fn of(report: &'r Report, zone: Tz) -> Self {
        let tables = Tables { zone };
        let shown = report.advice.get(..report.advice.len().min(MOST_ADVICE)).unwrap_or_default();
        let (advice, more_advice) = shown.split_at(shown.len().min(FIRST_ADVICE));
        Self {
            span: [report.since, report.until].map(|at| tables.time(at)),
            summary: report.summary.split('`').collect(),
            tiles: tiles(report),
            advice,
            more_advice,
            unseen_advice: report.advice.len() - shown.len(),
            timeline: chart::timeline(&report.days),
            legend: chart::legend(&report.days),
            days: List::of(Tables::days(report)),
            recoveries: recoveries(report),
            findings_by_owner: findings_by_owner(report),
            findings: List::of(tables.findings(report)),
            scores: List::drawn(
                Tables::scores(report),
                "trend",
                report.scores.iter().map(|line| chart::spark(&line.days)),
            ),
            waste_by_type: waste(report, Tables::waste_by_type(&report.waste), &report.waste.types),
            waste_by_owner: waste(report, Tables::waste_by_owner(&report.waste), &report.waste.owners),
            janitor: Tables::janitor(report),
            marks: List::of(tables.marks(report)),
            parts: report.parts.iter().map(|part| PartView::of(part, &tables)).collect(),
            pauses: List::of(tables.pauses(report)),
            blind: List::of(tables.blind(report)),
            none_blind: tables::none_blind(report),
            report,
        }
    }

    fn has_scores(&self) -> bool {
        !self.report.scores.is_empty()
    }

    fn has_waste(&self) -> bool {
        !self.report.janitor.resources.is_empty()
    }

    /// What is marked and still there, a month.
    fn cost(&self) -> String {
        dollars(self.report.waste.cents_a_month)
    }

    /// The marked resources that are still there, in words.
    fn wasted(&self) -> String {
        many(self.report.waste.resources, "resource")
    }
}

impl<'r> PartView<'r> {
    fn of(part: &'r Part, tables: &Tables) -> Self {
        let owners = part.owners.iter().take(MOST_OWNERS).map(|owner| OwnerView {
            owner: owner.owner.as_deref(),
            figures: tables::figures(part.mode, owner),
            units: List::of(tables::units(part.mode, &owner.units)),
            turns: tables.turns(part.mode, owner).map(List::of),
        });
        Self {
            about: tables::about(part),
            holds: List::of(tables::holds(&part.holds)),
            owners: owners.collect(),
            more_owners: part.owners.len().saturating_sub(MOST_OWNERS),
            open: part.owners.len() <= OPEN_OWNERS,
            part,
        }
    }

    fn has_id(&self) -> bool {
        self.part.name != self.part.account.as_str()
    }
}

/// The figures that are seen first: what was done, what came of it, and what is to be mended.
fn tiles(report: &Report) -> Vec<Tile> {
    let mut tiles = Vec::new();
    for (mode, what) in [(Mode::Live, "instances hit"), (Mode::DryRun, "instances would have been hit")] {
        let parts = || report.parts.iter().filter(move |part| part.mode == mode);
        let instances: usize = parts().map(|part| part.totals.instances).sum();
        let planned: usize = parts().map(|part| part.totals.planned).sum();
        if parts().count() > 0 {
            tiles.push(Tile {
                figure: grouped(instances as u64),
                what,
                beside: format!("of {} planned", many(planned, "turn")),
            });
        }
    }
    let recovery = &report.recovery;
    if let (Some(median), Some(worst)) = (recovery.median_seconds, recovery.worst_seconds) {
        let late = match recovery.not_in_time {
            0 => "all in time".to_owned(),
            n => format!("{} not in time", grouped(n as u64)),
        };
        let beside = format!("worst {}; {late}", seconds(worst));
        tiles.push(Tile { figure: seconds(median), what: "typically until back", beside });
    }
    let open = |severity| {
        report.findings.iter().filter(|finding| finding.closed.is_none() && finding.severity >= severity).count()
    };
    tiles.push(Tile {
        figure: grouped(open(Severity::Low) as u64),
        what: "open findings",
        beside: format!("{} high or critical", grouped(open(Severity::High) as u64)),
    });
    if report.waste.resources > 0 {
        tiles.push(Tile {
            figure: dollars(report.waste.cents_a_month),
            what: "wasted a month",
            beside: many(report.waste.resources, "resource"),
        });
    }
    if report.janitor.deleted > 0 {
        tiles.push(Tile {
            figure: dollars(report.janitor.freed_cents_a_month),
            what: "saved a month",
            beside: format!("{} deleted", many(report.janitor.deleted, "resource")),
        });
    }
    tiles
}

fn recoveries(report: &Report) -> String {
    let turns = report.parts.iter().filter(|part| part.mode == Mode::Live).flat_map(Part::turns);
    let took: Vec<(u64, bool)> = turns
        .filter_map(|turn| match turn.recovery {
            Recovery::Recovered { seconds, late } => Some((seconds, late)),
            _ => None,
        })
        .collect();
    chart::recoveries(&took, &report.recovery)
}

fn findings_by_owner(report: &Report) -> List {
    let owners = &report.findings_by_owner;
    let most = owners.iter().map(|of| of.open().iter().sum::<usize>()).max().unwrap_or(0) as u64;
    let bars = owners.iter().map(|of| {
        let classes = Severity::GRAVEST_FIRST.map(Severity::as_str);
        let segments: Vec<(&str, u64)> = classes.into_iter().zip(of.open().map(|n| n as u64)).collect();
        let open: u64 = segments.iter().map(|(_, n)| n).sum();
        chart::bar(&format!("{open} open of {}", of.owner.as_deref().unwrap_or("no owner")), &segments, most)
    });
    List::drawn(Tables::findings_by_owner(report), "open", bars)
}

fn waste(report: &Report, table: crate::report::table::Table, of: &[crate::report::WasteOf]) -> List {
    let most = of.iter().map(|of| of.cents_a_month).max().unwrap_or(0);
    let whole = report.waste.cents_a_month.max(1);
    let bars = of.iter().map(|of| {
        let percent = u128::from(of.cents_a_month) * 100 / u128::from(whole);
        let name = of.name.as_deref().unwrap_or("no owner");
        chart::bar(&format!("{name}: {percent} % of the waste"), &[("money", of.cents_a_month)], most)
    });
    List::drawn(table, "share", bars)
}
