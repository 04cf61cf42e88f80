use rand_core::RngCore;

/// Records that are looked at of one answer.
const RECORDS: usize = 64;

/// A SRV record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    /// Lowest first.
    pub priority: u16,
    /// The share of those who come to this one among the same priority.
    pub weight: u16,
    pub port: u16,
    /// `.` says that there is no such service.
    pub target: String,
}

/// By priority, and within one at random by weight, as RFC 2782 has it ("Weight"): the ones of weight 0 are put first, a
/// number up to the sum of all weights is drawn, and the first whose running sum reaches it is next.
pub(super) fn in_order(mut records: Vec<Srv>, random: &mut impl RngCore) -> Vec<Srv> {
    records.truncate(RECORDS);
    records.retain(|record| !matches!(record.target.as_str(), "" | ".") && record.port != 0);
    records.sort_by_key(|record| (record.priority, record.weight != 0));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(priority) = records.first().map(|record| record.priority) {
        let equals = records.iter().take_while(|record| record.priority == priority);
        let sum: u32 = equals.map(|record| u32::from(record.weight)).sum();
        let drawn = random.next_u32() % (sum + 1);
        let mut running = 0;
        let next = records.iter().position(|record| {
            running += u32::from(record.weight);
            running >= drawn
        });
        ordered.push(records.remove(next.unwrap_or_default()));
    }
    ordered
}
