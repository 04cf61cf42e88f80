use super::tlv::Kind;

/// Why an agreement came to nothing. No keys exist after any of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgreementError {
    /// The answer chose what it may not choose, or our own offer or choice asks for what it cannot have.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// The offer's time is too far from ours: an old offer sent again, or a wrong clock.
    #[error("the offer was made at another time: check both clocks")]
    Clock,
    #[error("the message has more than {} octets", super::MAX_MESSAGE)]
    Length,
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// The offer came from our own agreement key.
    #[error("the offer is made with our own key")]
    Reflected,
    /// The signing key in the offer did not sign the agreement key that made it.
    #[error("the offer's agreement key is not signed by its signing key")]
    Signature,
    /// Not for our key, not for this call, or changed on the way; Noise does not tell these apart.
    #[error("the message is not for us or not authentic")]
    Unauthentic,
}

/// Why a bundle cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    #[error("the protection is laid around packets in another way than was offered")]
    Framing,
    #[error("the chosen protection is looser than the offer demands")]
    Looser,
    #[error("the chosen protection was not offered")]
    NotOffered,
    #[error("a chosen protocol has no SPI")]
    SpiMissing,
    #[error("ESP and AH have the same SPI")]
    SpiTwice,
    #[error("ESP is chosen without a suite")]
    SuiteMissing,
    #[error("the chosen suite was not offered")]
    SuiteNotOffered,
    #[error("a suite is chosen without ESP")]
    SuiteUnneeded,
    #[error("a tunnel does not end where its side receives media")]
    TunnelEnd,
    #[error("the offered parts of the protection do not fit together")]
    Unsound,
}

/// Why an authentic payload cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    #[error("payload fields are not in ascending order, or one is there twice")]
    Disorder,
    #[error("the payload field {0} is missing")]
    Missing(Kind),
    #[error("the payload ends inside a field")]
    Truncated,
    #[error("the payload has a critical field that we do not know, {0}")]
    UnknownCritical(Kind),
    #[error("the payload field {0} has a value that we cannot read")]
    Value(Kind),
}
