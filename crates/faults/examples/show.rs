//! Prints the script of a fault: `show KIND [KEY=VALUE...] --id ID --for SPAN --cap SPAN`. The lab uses it where there
//! is no binary of the daemon's.

use std::process::ExitCode;

use simian_core::span;
use simian_faults::{Fault, Held};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match script(&arguments) {
        Ok(script) => {
            print!("{script}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("show: {why}");
            ExitCode::from(2)
        }
    }
}

fn script(arguments: &[String]) -> Result<String, String> {
    let (mut kind, mut parameters) = (None, Vec::new());
    let (mut id, mut lasts, mut cap) = ("lab", "60s", None);
    let mut left = arguments.iter().map(String::as_str);
    while let Some(word) = left.next() {
        match word {
            "--id" => id = left.next().ok_or("--id wants an id")?,
            "--for" => lasts = left.next().ok_or("--for wants a span")?,
            "--cap" => cap = Some(left.next().ok_or("--cap wants a span")?),
            _ if kind.is_none() => kind = Some(word),
            _ => parameters.push(word.split_once('=').ok_or_else(|| format!("`{word}` is no KEY=VALUE"))?),
        }
    }
    let kind = kind.ok_or("which kind?")?;
    let fault = Fault::read(kind, parameters).map_err(|error| error.to_string())?;
    let held = Held::new(id, span::parse(lasts)?, span::parse(cap.unwrap_or(lasts))?);
    Ok(fault.script(&held.map_err(|error| error.to_string())?, None))
}
