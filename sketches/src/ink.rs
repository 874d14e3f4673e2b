//! The one shader of the sketches: everything is a quad with coverage from an atlas and an ink.
//!
//! nannou's meshes have a colour or a texture to each vertex, not both. Here a vertex's colour
//! carries both: red and green are its place in the atlas, blue is the ink packed into a number,
//! and alpha is how strong it is; below zero it is light, which is added to what lies beneath.

use bevy::asset::{load_internal_asset, uuid_handle};
use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::prelude::*;
use bevy::render::render_resource::{
    AsBindGroup, BlendComponent, BlendFactor, BlendOperation, BlendState, RenderPipelineDescriptor,
    SpecializedMeshPipelineError,
};
use bevy::shader::ShaderRef;
use nannou::prelude::render::{
    NannouCamera, NannouShaderModel, NannouShaderModelPlugin, ShaderModel, ShaderModelPipeline,
    ShaderModelPipelineKey,
};

const SHADER: Handle<Shader> = uuid_handle!("3f5fd6c2-5a0e-4d3c-8f2c-61f4be0f6f6a");

/// What quads are drawn with: the atlas.
#[derive(Asset, AsBindGroup, TypePath, Clone, Debug, Default)]
pub struct Ink {
    #[texture(0)]
    #[sampler(1)]
    pub atlas: Option<Handle<Image>>,
}

impl ShaderModel for Ink {
    fn fragment_shader() -> ShaderRef {
        ShaderRef::Handle(SHADER)
    }

    fn specialize(
        _: &ShaderModelPipeline<Self>,
        descriptor: &mut RenderPipelineDescriptor,
        _: &MeshVertexBufferLayoutRef,
        _: ShaderModelPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        let over = BlendComponent {
            src_factor: BlendFactor::One,
            dst_factor: BlendFactor::OneMinusSrcAlpha,
            operation: BlendOperation::Add,
        };
        let targets = descriptor.fragment.iter_mut().flat_map(|fragment| &mut fragment.targets);
        for target in targets.flatten() {
            target.blend = Some(BlendState { color: over, alpha: over });
        }
        Ok(())
    }
}

/// A colour as a number that survives the way through a vertex.
pub fn pack(ink: [f32; 3]) -> f32 {
    let bits = |channel: f32| 4.0 + (channel.clamp(0.0, 1.0) * 119.0).round();
    bits(ink[0]) * 16384.0 + bits(ink[1]) * 128.0 + bits(ink[2])
}

/// Adds the shader and the keyboard, and leaves out what the sketches don't need.
pub struct InkPlugin;

impl Plugin for InkPlugin {
    fn build(&self, app: &mut App) {
        load_internal_asset!(app, SHADER, "ink.wgsl", Shader::from_wgsl);
        app.add_plugins(NannouShaderModelPlugin::<Ink>::default());
        app.add_systems(First, smooth_by_coverage);
        app.add_systems(PreUpdate, crate::field::hear);
        app.add_systems(Last, (sweep::<Ink>, sweep::<NannouShaderModel>));
    }
}

/// Turns multisampling off: edges are smooth in the atlas already, and it takes most of a frame
/// where there is no graphics card.
fn smooth_by_coverage(cameras: Query<(Entity, &Msaa), With<NannouCamera>>, mut commands: Commands) {
    for (camera, msaa) in &cameras {
        if *msaa != Msaa::Off {
            commands.entity(camera).insert(Msaa::Off);
        }
    }
}

/// Takes off the shader models of the frame before last. nannou makes new ones at each frame and
/// keeps them all, which a sketch that runs for a week would feel.
fn sweep<M: ShaderModel>(mut models: ResMut<Assets<M>>, mut old: Local<Vec<AssetId<M>>>) {
    for id in old.drain(..) {
        models.remove(id);
    }
    old.extend(models.ids().filter(|id| matches!(id, AssetId::Uuid { .. })));
}
