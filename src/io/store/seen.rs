//! What pinned devices sent that counts once, kept over a restart.

use rusqlite::{params, Connection, Transaction};

use super::columns::signed;
use super::load;
use crate::agent::Seen;
use crate::vocab::{Failure, Nonce, Wall};

/// Remembers it, and forgets what no replay could use any more, and what is too much.
pub fn record(step: &Transaction<'_>, seen: &Seen, at: Wall) -> rusqlite::Result<()> {
    match seen {
        Seen::Nonce { nonce, ends } => {
            step.prepare_cached("DELETE FROM seen_nonce WHERE ends <= ?1")?.execute([signed(at.0)])?;
            step.prepare_cached("INSERT OR REPLACE INTO seen_nonce VALUES (?1, ?2)")?
                .execute(params![nonce.0, signed(ends.0)])?;
            keep_newest(step, FORGET_NONCES, Seen::MAX_NONCES)
        }
        Seen::Offer { ephemeral, time } => {
            step.prepare_cached("INSERT OR REPLACE INTO seen_offer VALUES (?1, ?2)")?
                .execute(params![ephemeral, signed(time.0)])?;
            keep_newest(step, FORGET_OFFERS, Seen::MAX_OFFERS)
        }
    }
}

pub fn load(database: &Connection) -> Result<Vec<Seen>, Failure> {
    let mut seen = load::rows(database, "seen_nonce", "ends", |row| {
        Ok(Seen::Nonce { nonce: row.octets("nonce", Nonce::from_slice)?, ends: row.time("ends")? })
    })?;
    seen.extend(load::rows(database, "seen_offer", "time", |row| {
        Ok(Seen::Offer { ephemeral: row.octets("ephemeral", ephemeral)?, time: row.time("time")? })
    })?);
    Ok(seen)
}

const FORGET_NONCES: &str =
    "DELETE FROM seen_nonce WHERE nonce IN (SELECT nonce FROM seen_nonce ORDER BY ends DESC LIMIT -1 OFFSET ?1)";
const FORGET_OFFERS: &str = "DELETE FROM seen_offer WHERE ephemeral IN \
    (SELECT ephemeral FROM seen_offer ORDER BY time DESC LIMIT -1 OFFSET ?1)";

fn keep_newest(step: &Transaction<'_>, forget: &str, limit: usize) -> rusqlite::Result<()> {
    step.prepare_cached(forget)?.execute([i64::try_from(limit).unwrap_or(i64::MAX)]).map(drop)
}

fn ephemeral(octets: &[u8]) -> Option<[u8; 32]> {
    octets.try_into().ok()
}
