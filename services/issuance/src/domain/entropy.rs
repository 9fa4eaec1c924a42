/// Where new ids take their random part from.
pub trait Entropy: Send + Sync + 'static {
    /// Nine bytes that were never given out before.
    fn draw(&self) -> [u8; 9];
}
