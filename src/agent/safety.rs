use super::{Agent, Pin};
use crate::keys::{safety_phrase, Party};

impl Agent {
    /// Safety phrase of PROTOCOL section 9 with this pinned device, as words.
    pub fn safety_phrase(&self, pin: &Pin) -> Vec<&'static str> {
        let signing = self.config.identity.verify_key();
        let entity = self.name_to_entity(&pin.entity);
        let ours = Party { entity: &entity, device: &self.config.device, signing: &signing };
        let theirs = Party { entity: &pin.entity, device: &pin.device, signing: &pin.signing_key };
        safety_phrase(&ours, &theirs)
    }
}
