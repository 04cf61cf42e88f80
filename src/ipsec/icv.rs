//! HMAC-SHA2-256-128 (RFC 2104, RFC 4868) as AH uses it: both keyed states are made once, and what stands in the packet is
//! read where it stands. A context of the library, made and cleared for each packet, cost as much as the hash itself.

use sha2::compress256;
use sha2::digest::generic_array::typenum::U64;
use sha2::digest::generic_array::GenericArray;
use zeroize::Zeroizing;

pub(super) const ICV_LEN: usize = 16;
const BLOCK: usize = 64;
/// Blocks that are hashed at a time.
const BATCH: usize = 8;
/// FIPS 180-4 section 5.3.3.
const INITIAL: [u32; 8] =
    [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

type Block = GenericArray<u8, U64>;

/// A key, as the two states that SHA-256 has once it has read it.
pub(super) struct IcvKey {
    inner: Zeroizing<[u32; 8]>,
    outer: Zeroizing<[u32; 8]>,
}

impl IcvKey {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let state = |pad: u8| {
            let mut block = Zeroizing::new([pad; BLOCK]);
            block.iter_mut().zip(key).for_each(|(octet, key)| *octet ^= key);
            let mut state = Zeroizing::new(INITIAL);
            compress256(&mut state, std::slice::from_ref(GenericArray::from_slice(&*block)));
            state
        };
        Self { inner: state(0x36), outer: state(0x5c) }
    }

    /// Over `head`, then `rest`.
    pub(super) fn compute(&self, head: &[u8; BLOCK], rest: &[u8]) -> [u8; ICV_LEN] {
        let mut state = *self.inner;
        compress256(&mut state, std::slice::from_ref(GenericArray::from_slice(head)));
        let whole = rest.len() - rest.len() % BLOCK;
        let (blocks, tail) = rest.split_at(whole);
        for batch in blocks.chunks(BLOCK * BATCH) {
            let mut copied = [Block::default(); BATCH];
            let count = batch.len() / BLOCK;
            copied.iter_mut().zip(batch.chunks_exact(BLOCK)).for_each(|(block, octets)| block.copy_from_slice(octets));
            compress256(&mut state, &copied[..count]);
        }
        close(&mut state, tail, 2 * BLOCK + rest.len());
        let mut digest = [0; 32];
        digest.chunks_exact_mut(4).zip(state).for_each(|(octets, word)| octets.copy_from_slice(&word.to_be_bytes()));
        let mut state = *self.outer;
        close(&mut state, &digest, BLOCK + digest.len());
        let mut icv = [0; ICV_LEN];
        icv.chunks_exact_mut(4).zip(state).for_each(|(octets, word)| octets.copy_from_slice(&word.to_be_bytes()));
        icv
    }
}

/// The last octets of a message of `len`, and its padding (FIPS 180-4 section 5.1.1).
fn close(state: &mut [u32; 8], tail: &[u8], len: usize) {
    let mut last = [Block::default(); 2];
    let (first, second) = last.split_at_mut(1);
    first[0][..tail.len()].copy_from_slice(tail);
    first[0][tail.len()] = 0x80;
    let bits = (len as u64 * 8).to_be_bytes();
    let fits = tail.len() < BLOCK - bits.len();
    let end = if fits { &mut first[0] } else { &mut second[0] };
    end[BLOCK - bits.len()..].copy_from_slice(&bits);
    compress256(state, if fits { &last[..1] } else { &last[..] });
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;

    use super::*;

    /// RFC 4868 section 2.7.2.1, test case AUTH256-2, and RFC 4231 section 4.3, test case 2: the HMAC of the other side.
    #[test]
    fn hmac_sha_256_known_answers() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"JefeJefeJefeJefeJefeJefeJefeJefe");
        let tag = hmac::sign(&key, b"what do ya want for nothing?");
        assert_eq!(hex::encode(&tag.as_ref()[..16]), "167f928588c5cc2eef8e3093caa0e87c");
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"Jefe");
        let tag = hmac::sign(&key, b"what do ya want for nothing?");
        assert_eq!(hex::encode(tag), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn it_is_the_hmac_of_a_stranger_at_every_length() {
        let octets: Vec<u8> = (0..2000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        for (first, len) in (0..700).chain([1023, 1024, 1500]).enumerate() {
            let key: [u8; 32] = std::array::from_fn(|at| (at + first) as u8);
            let (head, rest) = octets.split_first_chunk::<BLOCK>().unwrap();
            let rest = &rest[..len];
            let theirs = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &[&head[..], rest].concat());
            assert_eq!(IcvKey::new(&key).compute(head, rest)[..], theirs.as_ref()[..ICV_LEN], "{len}");
        }
    }
}
