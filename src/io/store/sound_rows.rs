//! Which sound devices the user chose, and how loud: rows of `meta` that are there only where he chose something.

use rusqlite::{params, Connection, OptionalExtension, Transaction};

use super::failures;
use crate::agent::{Outlet, SoundChange, SoundChoice};
use crate::media::Gain;
use crate::vocab::Failure;

const INPUT: &str = "sound-input";
const OUTPUT: &str = "sound-output";
const INPUT_GAIN: &str = "sound-input-gain";
const OUTPUT_GAIN: &str = "sound-output-gain";

pub fn choose(step: &Transaction<'_>, change: &SoundChange) -> rusqlite::Result<()> {
    if change.anew {
        step.execute("DELETE FROM meta WHERE name LIKE 'sound-%'", [])?;
    }
    let SoundChoice { input, output, input_gain, output_gain } = &change.choice;
    let outlet = |outlet: &Option<Outlet>| outlet.as_ref().map(ToString::to_string);
    let gain = |gain: &Option<Gain>| gain.map(|gain| gain.decibels().to_string());
    let rows = [
        (INPUT, outlet(input)),
        (OUTPUT, outlet(output)),
        (INPUT_GAIN, gain(input_gain)),
        (OUTPUT_GAIN, gain(output_gain)),
    ];
    for (name, value) in rows {
        if let Some(value) = value {
            step.execute("INSERT OR REPLACE INTO meta VALUES (?1, ?2)", params![name, value])?;
        }
    }
    Ok(())
}

pub fn load(database: &Connection) -> Result<SoundChoice, Failure> {
    let outlet = |name| read(database, name, Outlet::parse);
    let gain = |name| read(database, name, |text| text.parse().ok().and_then(Gain::new));
    Ok(SoundChoice {
        input: outlet(INPUT)?,
        output: outlet(OUTPUT)?,
        input_gain: gain(INPUT_GAIN)?,
        output_gain: gain(OUTPUT_GAIN)?,
    })
}

fn read<T>(database: &Connection, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Failure> {
    let select = "SELECT value FROM meta WHERE name = ?1";
    let found = database.query_row(select, [name], |row| row.get::<_, String>(0)).optional();
    let found = found.map_err(|error| failures::sqlite("be read", &error))?;
    found.map(|text| parse(&text).ok_or_else(|| failures::damaged(format!("meta.{name}")))).transpose()
}
