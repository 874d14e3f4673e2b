// Draws coverage from the atlas in a vertex's own ink. See ink.rs for what a vertex colour carries.

#import bevy_pbr::forward_io::VertexOutput

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var atlas: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var atlas_sampler: sampler;

// A channel of an ink, of seven bits of which the ends are left free, as linear light.
fn channel(packed: f32, place: f32) -> f32 {
    let bits = floor((packed + 0.5) / place) % 128.0;
    let shown = clamp((bits - 4.0) / 119.0, 0.0, 1.0);
    return select(pow((shown + 0.055) / 1.055, 2.4), shown / 12.92, shown <= 0.04045);
}

@fragment
fn fragment(mesh: VertexOutput) -> @location(0) vec4<f32> {
    let coverage = textureSample(atlas, atlas_sampler, mesh.color.rg).r;
    let ink = vec3(
        channel(mesh.color.b, 16384.0),
        channel(mesh.color.b, 128.0),
        channel(mesh.color.b, 1.0),
    );
    let strength = abs(mesh.color.a) * coverage;
    // Light is added to what lies beneath; ink covers it.
    return vec4(ink * strength, select(0.0, strength, mesh.color.a > 0.0));
}
