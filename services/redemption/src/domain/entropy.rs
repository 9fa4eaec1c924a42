/// Where new ids take their random part from.
pub trait Entropy: Send + Sync + std::fmt::Debug + 'static {
    /// Nine bytes that were never given out before.
    fn draw(&self) -> [u8; 9];
}
