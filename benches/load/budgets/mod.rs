//! The budgets: ratios of two figures of one run on one machine, so that its noise cancels out.

mod azurite;
mod computing;
mod embedded;
mod growth;
mod kinds;

use std::fs;

use serde::{Deserialize, Serialize};

use super::http::HttpError;
use super::report::Report;

/// As many requests under way as the budgets are made for.
const CONCURRENCY: usize = 64;

/// A figure and what it should be.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Budget {
    name: String,
    /// `None` where it could not be measured.
    value: Option<f64>,
    target: Option<f64>,
    met: bool,
}

impl Budget {
    fn at_least(name: &str, value: f64, target: f64) -> Self {
        Self {
            name: name.to_owned(),
            value: Some(value),
            target: Some(target),
            met: value >= target,
        }
    }

    fn at_most(name: &str, value: f64, target: f64) -> Self {
        Self {
            met: value <= target,
            ..Self::at_least(name, value, target)
        }
    }

    /// A budget that is not known to be met is not met.
    fn not_measured(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            value: None,
            target: None,
            met: false,
        }
    }

    pub(crate) fn is_met(&self) -> bool {
        self.met
    }
}

/// Some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    All,
    Embedded,
    Kinds,
    Growth,
    Azurite,
    Computing,
}

/// Measures them, and prints the runs they are made of.
pub(crate) async fn measure(part: Part) -> Result<Vec<Budget>, HttpError> {
    let is_asked_for = |one| part == one || part == Part::All;
    let mut budgets = vec![binary()?];
    if is_asked_for(Part::Embedded) {
        budgets.extend(embedded::measure().await?);
    }
    if is_asked_for(Part::Kinds) {
        budgets.extend(kinds::measure().await?);
    }
    if is_asked_for(Part::Growth) {
        budgets.extend(growth::measure().await?);
    }
    if is_asked_for(Part::Azurite) {
        budgets.extend(azurite::measure().await?);
    }
    if is_asked_for(Part::Computing) {
        budgets.extend(computing::measure()?);
    }
    Ok(budgets)
}

/// Prints a run. Figures of one with errors mean nothing.
fn clean(report: Report) -> Result<Report, HttpError> {
    report.print();
    match report.errors {
        0 => Ok(report),
        errors => Err(format!("{errors} tasks went wrong").into()),
    }
}

fn binary() -> Result<Budget, HttpError> {
    let size = fs::metadata(env!("CARGO_BIN_EXE_handler"))?.len() as f64;
    Ok(Budget::at_most("binary, MB", size / 1e6, 20.0))
}

/// One line for each budget.
pub(crate) fn print(budgets: &[Budget]) {
    println!("\n{:<72} {:>9} {:>9}", "budget", "measured", "target");
    let figure =
        |figure: &Option<f64>| figure.map_or("?".to_owned(), |value| format!("{value:.3}"));
    for budget in budgets {
        let verdict = match (budget.met, budget.value) {
            (true, _) => "met",
            (false, Some(_)) => "NOT met",
            (false, None) => "NOT measured",
        };
        println!(
            "{:<72} {:>9} {:>9}  {verdict}",
            budget.name,
            figure(&budget.value),
            figure(&budget.target),
        );
    }
}
