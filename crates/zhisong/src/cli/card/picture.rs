//! Codes as pictures.

use qrcode::render::svg;
use qrcode::{Color, EcLevel, QrCode};

use crate::cli::failure::Failure;

/// White modules around a QR code, as ISO/IEC 18004 asks for.
const QUIET: usize = 4;
/// Pixels of a module's side.
const SCALE: usize = 8;

/// A fifth of the picture may be hidden or dirty.
fn code(text: &str) -> Result<QrCode, Failure> {
    QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(|why| Failure::local(format!("the code does not fit in a picture: {why}")))
}

/// The code as an SVG file.
pub(super) fn svg(text: &str) -> Result<String, Failure> {
    Ok(code(text)?.render::<svg::Color<'_>>().quiet_zone(true).build())
}

/// The code as a PNG file: one bit a pixel, white or black.
pub(super) fn png(text: &str) -> Result<Vec<u8>, Failure> {
    let code = code(text)?;
    let (modules, width) = (code.to_colors(), code.width());
    let side = (width + 2 * QUIET) * SCALE;
    let is_light = |x: usize, y: usize| {
        let inside = |at: usize| (at / SCALE).checked_sub(QUIET).filter(|at| *at < width);
        let module = inside(x).zip(inside(y)).map(|(x, y)| modules[y * width + x]);
        module != Some(Color::Dark)
    };
    let byte =
        |x: usize, y: usize| (x..x + 8).fold(0, |byte, x| byte << 1 | u8::from(is_light(x, y)));
    let pixels: Vec<u8> = (0..side)
        .flat_map(|y| (0..side).step_by(8).map(move |x| (x, y)))
        .map(|(x, y)| byte(x, y))
        .collect();
    let mut file = Vec::new();
    let side = u32::try_from(side).expect("a QR code has at most 177 modules a side");
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    written.map_err(|why| Failure::local(format!("the picture cannot be made: {why}")))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_pictures_show_the_same_modules() {
        let text = format!("ZS1:{}", "A".repeat(153));
        let file = png(&text).expect("is drawn");
        let mut reader =
            png::Decoder::new(std::io::Cursor::new(file)).read_info().expect("is a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("is small")];
        let info = reader.next_frame(&mut pixels).expect("has its pixels");
        let code = code(&text).expect("fits");
        let side = (code.width() + 2 * QUIET) * SCALE;
        assert_eq!((info.width as usize, info.height as usize), (side, side));
        assert_eq!(code.width(), 45, "version 7");
        let dark = |x: usize, y: usize| {
            let (x, y) = ((x + QUIET) * SCALE, (y + QUIET) * SCALE);
            pixels[(y * side + x) / 8] == 0
        };
        for (at, module) in code.to_colors().into_iter().enumerate() {
            let (x, y) = (at % code.width(), at / code.width());
            assert_eq!(dark(x, y), module == Color::Dark, "{x} {y}");
        }
        assert_eq!(pixels[0], 255, "the margin is white");
        assert!(svg(&text).expect("is drawn").contains("<svg "));
    }
}
