//! What pinned devices sent that counts once, kept over a restart.

use rusqlite::{params, Connection, Transaction};

use super::columns::signed;
use super::load;
use crate::agent::Seen;
use crate::vocab::{Failure, Nonce, VerifyKey, Wall};

/// Remembers it, and forgets what no replay could use any more, and what is too much.
pub fn record(step: &Transaction<'_>, seen: &Seen, at: Wall) -> rusqlite::Result<()> {
    match seen {
        Seen::Nonce { nonce, ends } => {
            step.prepare_cached("DELETE FROM seen_nonce WHERE ends <= ?1")?.execute([signed(at.0)])?;
            step.prepare_cached("INSERT OR REPLACE INTO seen_nonce VALUES (?1, ?2)")?
                .execute(params![nonce.0, signed(ends.0)])?;
            step.prepare_cached(FORGET_NONCES)?.execute([limit(Seen::MAX_NONCES)]).map(drop)
        }
        Seen::Offer { device, ephemeral, time } => {
            step.prepare_cached("INSERT OR REPLACE INTO seen_offer VALUES (?1, ?2, ?3)")?.execute(params![
                device.0,
                ephemeral,
                signed(time.0)
            ])?;
            step.prepare_cached(FORGET_OFFERS)?.execute(params![device.0, limit(Seen::MAX_OFFERS)]).map(drop)
        }
    }
}

pub fn load(database: &Connection) -> Result<Vec<Seen>, Failure> {
    let mut seen = load::rows(database, "seen_nonce", "ends", |row| {
        Ok(Seen::Nonce { nonce: row.octets("nonce", Nonce::from_slice)?, ends: row.time("ends")? })
    })?;
    seen.extend(load::rows(database, "seen_offer", "time", |row| {
        Ok(Seen::Offer {
            device: row.octets("signing_key", VerifyKey::from_slice)?,
            ephemeral: row.octets("ephemeral", ephemeral)?,
            time: row.time("time")?,
        })
    })?);
    Ok(seen)
}

const FORGET_NONCES: &str =
    "DELETE FROM seen_nonce WHERE nonce IN (SELECT nonce FROM seen_nonce ORDER BY ends DESC LIMIT -1 OFFSET ?1)";
const FORGET_OFFERS: &str = "DELETE FROM seen_offer WHERE signing_key = ?1 AND ephemeral IN \
    (SELECT ephemeral FROM seen_offer WHERE signing_key = ?1 ORDER BY time DESC LIMIT -1 OFFSET ?2)";

fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

fn ephemeral(octets: &[u8]) -> Option<[u8; 32]> {
    octets.try_into().ok()
}
