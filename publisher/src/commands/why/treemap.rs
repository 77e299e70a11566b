//! The weights as a page: a picture in which each file has an area as large as what it costs. The page holds no script
//! and asks for nothing.

use std::fmt::Write as _;

use cidery_bundler::Weight;

use super::{name, share};

const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 720.0;
/// Room for a part's name above its files.
const HEAD: f64 = 18.0;
/// Below this, there is no room for a name.
const LEGIBLE: (f64, f64) = (60.0, 16.0);

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Area {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// The page, as HTML.
pub(in crate::commands) fn page(title: &str, parts: &[Weight]) -> String {
    let whole: u64 = parts.iter().map(|part| part.bytes).sum();
    let mut picture = String::new();
    let all = Area { x: 0.0, y: 0.0, width: WIDTH, height: HEIGHT };
    let areas = divide(all, &parts.iter().map(|part| part.bytes).collect::<Vec<_>>());
    for (at, (part, area)) in parts.iter().zip(areas).enumerate() {
        draw(&mut picture, part, area, at, whole);
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>\n\
         body {{ margin: 1rem; font: 14px system-ui, sans-serif; }}\n\
         svg {{ width: 100%; height: auto; }}\n\
         rect {{ stroke: #fff; }}\n\
         rect:hover {{ stroke: #000; }}\n\
         text {{ pointer-events: none; font-size: 12px; }}\n\
         </style>\n<h1>{title}</h1>\n<p>{whole} bytes in all. Each area is as large as what it costs; point at one for its \
         name.</p>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n{picture}</svg>\n</html>\n",
        title = escape(title),
    )
}

fn draw(picture: &mut String, part: &Weight, area: Area, at: usize, whole: u64) {
    // Neighbours in the order of weight get colours that are far apart.
    let hue = at * 137 % 360;
    let label = format!("{} · {} bytes, {} %", name(&part.part), part.bytes, share(part.bytes, whole));
    let wanted: Vec<&str> = part.wanted_by.iter().map(|part| name(part)).collect();
    let wanted = if wanted.is_empty() { String::new() } else { format!("\nwanted by {}", wanted.join(", ")) };
    rectangle(picture, area, &format!("hsl({hue} 45% 62%)"), &format!("{label}{wanted}"));
    let has_head = area.width >= LEGIBLE.0 && area.height >= LEGIBLE.1 + HEAD;
    if has_head {
        caption(picture, area, &label);
    }
    let head = if has_head { HEAD } else { 0.0 };
    let inner = Area {
        x: area.x + 1.0,
        y: area.y + head,
        width: (area.width - 2.0).max(0.0),
        height: (area.height - head - 1.0).max(0.0),
    };
    let sizes: Vec<u64> = part.files.iter().map(|file| file.bytes).collect();
    for (file, area) in part.files.iter().zip(divide(inner, &sizes)) {
        let label = format!("{} · {} bytes", file.path, file.bytes);
        rectangle(picture, area, &format!("hsl({hue} 45% 78%)"), &format!("{}/{label}", name(&part.part)));
        if area.width >= LEGIBLE.0 && area.height >= LEGIBLE.1 {
            caption(picture, area, &label);
        }
    }
}

fn rectangle(picture: &mut String, area: Area, colour: &str, title: &str) {
    let Area { x, y, width, height } = area;
    // Writing to a string does not fail.
    let _ = writeln!(
        picture,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\"><title>{}</title></rect>",
        escape(title)
    );
}

fn caption(picture: &mut String, area: Area, text: &str) {
    // About seven units a character.
    let fitting: String = text.chars().take((area.width / 7.0) as usize).collect();
    let _ = writeln!(
        picture,
        "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        area.x + 4.0,
        area.y + 13.0,
        escape(&fitting)
    );
}

/// Divides an area among sizes, the largest first, into rectangles as near to squares as rows allow (the squarified
/// treemap of Bruls, Huizing and van Wijk).
fn divide(area: Area, sizes: &[u64]) -> Vec<Area> {
    let total: f64 = sizes.iter().map(|size| *size as f64).sum();
    let scale = if total > 0.0 { area.width * area.height / total } else { 0.0 };
    let sizes: Vec<f64> = sizes.iter().map(|size| *size as f64 * scale).collect();
    let (mut rest, mut left, mut areas) = (area, sizes.as_slice(), Vec::with_capacity(sizes.len()));
    while !left.is_empty() {
        let side = rest.width.min(rest.height);
        let mut count = 1;
        while count < left.len() && worst(&left[..count + 1], side) <= worst(&left[..count], side) {
            count += 1;
        }
        let (row, others) = left.split_at(count);
        rest = lay(rest, row, &mut areas);
        left = others;
    }
    areas
}

/// The longest ratio of sides in a row along a side.
fn worst(row: &[f64], side: f64) -> f64 {
    let sum: f64 = row.iter().sum();
    let ratio = |size: f64| (side * side * size / (sum * sum)).max(sum * sum / (side * side * size));
    row.iter().map(|size| ratio(*size)).fold(0.0, f64::max)
}

/// Lays a row along the shorter side, and gives what is left.
fn lay(area: Area, row: &[f64], areas: &mut Vec<Area>) -> Area {
    let sum: f64 = row.iter().sum();
    let wide = area.width >= area.height;
    let side = if wide { area.height } else { area.width };
    let depth = if side > 0.0 { sum / side } else { 0.0 };
    let mut at = 0.0;
    for size in row {
        let length = if depth > 0.0 { size / depth } else { 0.0 };
        areas.push(if wide {
            Area { x: area.x, y: area.y + at, width: depth, height: length }
        } else {
            Area { x: area.x + at, y: area.y, width: length, height: depth }
        });
        at += length;
    }
    if wide {
        Area { x: area.x + depth, width: (area.width - depth).max(0.0), ..area }
    } else {
        Area { y: area.y + depth, height: (area.height - depth).max(0.0), ..area }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use cidery_bundler::FileWeight;

    use super::*;

    #[test]
    fn areas_are_as_large_as_their_sizes_and_do_not_overlap() {
        let all = Area { x: 0.0, y: 0.0, width: 600.0, height: 400.0 };
        let sizes = [600, 600, 400, 300, 200, 200, 100];
        let areas = divide(all, &sizes);
        for (area, size) in areas.iter().zip(sizes) {
            assert!((area.width * area.height - size as f64 * 100.0).abs() < 0.01, "{area:?}");
            assert!(
                area.x >= 0.0 && area.y >= 0.0 && area.x + area.width < 600.1 && area.y + area.height < 400.1
            );
        }
        for (at, one) in areas.iter().enumerate() {
            for other in &areas[at + 1..] {
                let apart = |a: f64, width: f64, b: f64| a + width <= b + 0.001;
                assert!(
                    apart(one.x, one.width, other.x)
                        || apart(other.x, other.width, one.x)
                        || apart(one.y, one.height, other.y)
                        || apart(other.y, other.height, one.y)
                );
            }
        }
        assert_eq!(divide(all, &[]), []);
        assert_eq!(divide(all, &[0, 0]).len(), 2);
    }

    #[test]
    fn the_page_holds_no_script_and_no_foreign_text() {
        let files = vec![FileWeight { path: "<script>x</script>".to_owned(), bytes: 5 }];
        let part =
            Weight { part: "npm/a@1.0.0".to_owned(), bytes: 5, wanted_by: vec!["app".to_owned()], files };
        let page = page("@acme/a & b", &[part]);
        assert!(
            page.contains("a@1.0.0")
                && page.contains("@acme/a &amp; b")
                && page.contains("wanted by (this package)")
        );
        assert!(!page.contains("<script") && !page.contains("http"), "{page}");
    }
}
