//! What is heard where nothing came: what is lost, and what nobody said.

use super::echo::Echo;
use super::sound::Sound;
use super::store::Packet;
use super::{bridge, Playout, CHUNK};

impl Playout {
    /// Sound for what is lost before `next`, `gap` samples long.
    pub(super) fn conceal(&mut self, next: (usize, Packet), gap: usize) {
        let longest = self.rate as usize * bridge::LONGEST / 1000;
        if gap > longest {
            return self.go_on((gap - longest).min(self.rate as usize / 50));
        }
        if self.timeline.as_ref().is_some_and(|timeline| timeline.made == 0) {
            self.echo.take_up(self.sound.latest());
        }
        if self.recover(next, gap) {
            return;
        }
        let (slot, packet) = next;
        let payload = self.store.payload(next);
        let decoder = self.decoders.iter_mut().find(|(kind, _)| *kind == packet.payload_type);
        let (len, unsure) = decoder.map_or((0, 0), |(_, decoder)| {
            let missed = &mut self.room[..gap + decoder.lag()];
            self.echo.foretell(missed);
            decoder.miss(missed);
            (decoder.decode(payload, &mut self.room), decoder.unsure())
        });
        self.store.remove(slot);
        let Some(timeline) = self.timeline.as_mut().filter(|_| len > 0) else { return };
        self.counts.concealed += timeline.note_concealed(&packet, self.passed.follows(timeline.last));
        timeline.note_taken(&packet);
        (timeline.end, timeline.made) = (packet.end(), 0);
        let unsure = unsure.min(len / 2);
        let hole = &mut self.hole[..gap + unsure];
        self.bridge.fill(&mut self.echo, self.sound.latest(), &self.room[unsure..len], hole);
        let (hole, over) = hole.split_at(gap);
        fade(over.iter().map(|sample| f32::from(*sample)), &mut self.room[..unsure]);
        self.sound.push(hole);
        self.sound.push(&self.room[..len]);
        self.counts.concealed += gap as u64;
    }

    /// The packet before `next`, as far as that carries it too; what is lost before that one is filled from both sides.
    fn recover(&mut self, next: (usize, Packet), gap: usize) -> bool {
        let (_, packet) = next;
        let whole = self.samples(packet.ticks) as usize;
        let payload = self.store.payload(next);
        let decoder = self.decoders.iter_mut().find(|(kind, _)| *kind == packet.payload_type);
        let recovered = decoder.is_some_and(|(_, decoder)| decoder.recover(payload, &mut self.room[..whole]));
        let Some(timeline) = self.timeline.as_mut().filter(|_| recovered) else { return false };
        let is_under_way = timeline.made > 0;
        self.counts.concealed += timeline.note_concealed(&packet, self.passed.follows(timeline.last));
        (timeline.end, timeline.made) = (packet.start, 0);
        let hole = &mut self.hole[..gap.saturating_sub(whole)];
        let sound = &mut self.room[whole.saturating_sub(gap)..whole];
        if !hole.is_empty() {
            self.bridge.fill(&mut self.echo, self.sound.latest(), sound, hole);
        } else if is_under_way {
            join(&mut self.echo, self.rate, sound);
        }
        self.sound.push(hole);
        self.sound.push(sound);
        self.counts.concealed += hole.len() as u64;
        true
    }

    /// Nothing is there: what was heard goes on for a while.
    pub(super) fn go_on(&mut self, want: usize) {
        let Some(timeline) = self.timeline.as_mut().filter(|timeline| !timeline.silent) else {
            return self.push_silence(want);
        };
        if timeline.made == 0 {
            self.echo.take_up(self.sound.latest());
        }
        let mut room = [0.0; CHUNK];
        let made = &mut room[..want.min(CHUNK)];
        self.echo.go_on(made);
        timeline.made += made.len() as i64;
        timeline.silent = self.echo.is_silent();
        push_rounded(&mut self.sound, made);
    }

    /// The other side has stopped speaking: the end of it fades, unless its codec has something to go on with.
    pub(super) fn fall_silent(&mut self) {
        let codec_goes_on = self.codec_goes_on();
        let Some(timeline) = self.timeline.as_mut().filter(|timeline| !timeline.silent) else { return };
        if codec_goes_on && timeline.made == 0 {
            timeline.silent = true;
            return;
        }
        if timeline.made == 0 {
            self.echo.take_up(self.sound.latest());
        }
        timeline.silent = true;
        let mut room = [0.0; CHUNK];
        let len = (self.rate as usize / 200).min(CHUNK);
        self.echo.go_on(&mut room[..len]);
        for (i, sample) in room[..len].iter_mut().enumerate() {
            *sample *= (len - i) as f32 / len as f32;
        }
        push_rounded(&mut self.sound, &room[..len]);
    }

    /// What came last, and is no sound, has followed on all sound that there was.
    pub(super) fn is_pause(&self) -> bool {
        self.timeline.as_ref().is_some_and(|timeline| self.passed.follows(timeline.last))
    }

    /// What is missing is left to what the codec makes of it: so said the peer, or it left out its last pause altogether.
    pub(super) fn codec_goes_on(&self) -> bool {
        let Some(timeline) = &self.timeline else { return false };
        let is_left = timeline.leaves_out || self.passed.leaves_noise_to(timeline.payload_type, timeline.last);
        is_left && self.decoders.iter().any(|(kind, decoder)| *kind == timeline.payload_type && decoder.goes_on())
    }

    pub(super) fn push_silence(&mut self, want: usize) {
        if self.codec_goes_on() && self.push_noise(want) {
            return;
        }
        let mut silence = [0; CHUNK];
        let silence = &mut silence[..want.min(CHUNK)];
        let is_pause = self.is_pause();
        if let Some(noise) = self.noise.as_mut().filter(|_| is_pause) {
            noise.fill(silence);
        }
        self.sound.push(silence);
    }

    /// What the codec of the latest sound makes of a pause, 2.5 ms or so many more; false where it has nothing of its own.
    fn push_noise(&mut self, want: usize) -> bool {
        let Some(timeline) = &mut self.timeline else { return false };
        let (mut room, step) = ([0; CHUNK], self.rate as usize / 400);
        let room = &mut room[..(want.div_ceil(step) * step).min(CHUNK)];
        let decoder = self.decoders.iter_mut().find(|(kind, _)| *kind == timeline.payload_type);
        let made = decoder.is_some_and(|(_, decoder)| decoder.conceal(room));
        if made {
            self.sound.push(room);
        }
        if made && !self.passed.follows(timeline.last) {
            timeline.note_noise(room.len(), self.rate);
        }
        made
    }
}

/// What was made up goes on for a moment, and fades into what came.
pub(super) fn join(echo: &mut Echo, rate: u32, sound: &mut [i16]) {
    let mut room = [0.0; CHUNK];
    let len = (rate as usize / 200).min(sound.len()).min(CHUNK);
    echo.go_on(&mut room[..len]);
    fade(room[..len].iter().copied(), &mut sound[..len]);
}

/// What was made up fades into what came, of which there is as much.
fn fade(made: impl Iterator<Item = f32>, sound: &mut [i16]) {
    let len = sound.len();
    for (i, (sample, made)) in sound.iter_mut().zip(made).enumerate() {
        let weight = (i + 1) as f32 / (len + 1) as f32;
        *sample = (made + (f32::from(*sample) - made) * weight) as i16;
    }
}

fn push_rounded(sound: &mut Sound, made: &[f32]) {
    let mut room = [0; CHUNK];
    room.iter_mut().zip(made).for_each(|(to, from)| *to = *from as i16);
    sound.push(&room[..made.len()]);
}
