// Draws coverage from the atlas in the ink of each corner.

@group(0) @binding(0) var atlas: texture_2d<f32>;
@group(0) @binding(1) var atlas_sampler: sampler;

struct Corner {
    @builtin(position) position: vec4<f32>,
    @location(0) uv: vec2<f32>,
    @location(1) ink: vec4<f32>,
}

// A colour as on screen, as linear light.
fn linear(shown: vec3<f32>) -> vec3<f32> {
    return select(pow((shown + 0.055) / 1.055, vec3(2.4)), shown / 12.92, shown <= vec3(0.04045));
}

@vertex
fn corner(
    @location(0) position: vec2<f32>,
    @location(1) uv: vec2<f32>,
    @location(2) ink: vec4<f32>,
) -> Corner {
    return Corner(vec4(position, 0.0, 1.0), uv, vec4(linear(ink.rgb), ink.a));
}

@fragment
fn pixel(corner: Corner) -> @location(0) vec4<f32> {
    let strength = abs(corner.ink.a) * textureSample(atlas, atlas_sampler, corner.uv).r;
    // Light is added to what lies beneath; ink covers it.
    return vec4(corner.ink.rgb * strength, select(0.0, strength, corner.ink.a > 0.0));
}
