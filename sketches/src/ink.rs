//! The one pass in which a frame is drawn: everything is a quad with coverage from an atlas and an ink.

use crate::atlas::{Change, SIDE};
use crate::sheet::NIGHT;
use nannou::color::{IntoLinSrgba, LinSrgba, rgb};
use nannou::prelude::{DeviceExt, Frame, Window, wgpu};
use std::mem::size_of;

/// A corner: where it lies in the window, each way from -1 to 1; where in the atlas, from 0 to 1; red,
/// green and blue as on screen; and how strong it is. Below zero it is light, which is added to what
/// lies beneath.
pub type Corner = [f32; 8];
/// Four corners, clockwise.
pub type Quad = [Corner; 4];
/// How the shader reads a corner.
const CORNER: [wgpu::VertexAttribute; 3] =
    wgpu::vertex_attr_array![0 => Float32x2, 1 => Float32x2, 2 => Float32x4];

/// Quads that there is room for at first.
const ROOM: usize = 4096;
/// Two triangles to a quad.
const TRIANGLES: [u32; 6] = [0, 1, 2, 0, 2, 3];

/// What the graphics card keeps from frame to frame.
pub struct Ink {
    pipeline: wgpu::RenderPipeline,
    bind_group: wgpu::BindGroup,
    atlas: wgpu::Texture,
    quads: Quads,
}

struct Quads {
    room: usize,
    corners: wgpu::Buffer,
    triangles: wgpu::Buffer,
}

impl Ink {
    /// For a window without multisampling: edges are smooth in the atlas already.
    pub fn new(window: &Window) -> Self {
        let device = window.device();
        let atlas = wgpu::TextureBuilder::new()
            .size([SIDE, SIDE])
            .format(wgpu::TextureFormat::R8Unorm)
            .usage(wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST)
            .build(device);
        let (view, sampler) = (atlas.view().build(), wgpu::SamplerBuilder::new().build(device));
        let layout = wgpu::BindGroupLayoutBuilder::new()
            .texture_from(wgpu::ShaderStages::FRAGMENT, &atlas)
            .sampler(wgpu::ShaderStages::FRAGMENT, true)
            .build(device);
        let bind_group = wgpu::BindGroupBuilder::new()
            .texture_view(&view)
            .sampler(&sampler)
            .build(device, &layout);
        let layout = wgpu::create_pipeline_layout(device, None, &[&layout], &[]);
        let shader = device.create_shader_module(wgpu::include_wgsl!("ink.wgsl"));
        let over = wgpu::BlendComponent {
            src_factor: wgpu::BlendFactor::One,
            dst_factor: wgpu::BlendFactor::OneMinusSrcAlpha,
            operation: wgpu::BlendOperation::Add,
        };
        let pipeline = wgpu::RenderPipelineBuilder::from_layout(&layout, &shader)
            .vertex_entry_point("corner")
            .fragment_shader(&shader)
            .fragment_entry_point("pixel")
            .color_format(Frame::TEXTURE_FORMAT)
            .color_blend(over)
            .alpha_blend(over)
            .add_vertex_buffer::<Corner>(&CORNER)
            .build(device);
        Self { pipeline, bind_group, atlas, quads: Quads::with_room(device, ROOM) }
    }

    /// Draws quads, each over those before it, with what has changed in the atlas.
    pub fn draw(&mut self, frame: &Frame, quads: &[Quad], change: Option<Change>) {
        let pair = frame.device_queue_pair();
        let (device, queue) = (pair.device(), pair.queue());
        if let Some(change) = change {
            self.write(queue, &change);
        }
        if quads.len() > self.quads.room {
            self.quads = Quads::with_room(device, quads.len().next_power_of_two());
        }
        queue.write_buffer(&self.quads.corners, 0, bytemuck::cast_slice(quads));
        let mut encoder = frame.command_encoder();
        let [red, green, blue] = NIGHT;
        let night: LinSrgba = rgb(red, green, blue).into_lin_srgba();
        let mut pass = wgpu::RenderPassBuilder::new()
            .color_attachment(frame.texture_view(), |attachment| {
                attachment.load_op(wgpu::LoadOp::Clear(wgpu::Color {
                    r: night.red.into(),
                    g: night.green.into(),
                    b: night.blue.into(),
                    a: night.alpha.into(),
                }))
            })
            .begin(&mut encoder);
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        pass.set_vertex_buffer(0, self.quads.corners.slice(..));
        pass.set_index_buffer(self.quads.triangles.slice(..), wgpu::IndexFormat::Uint32);
        pass.draw_indexed(0..(quads.len() * TRIANGLES.len()) as u32, 0, 0..1);
    }

    fn write(&self, queue: &wgpu::Queue, change: &Change) {
        let copy = wgpu::ImageCopyTexture {
            texture: &self.atlas,
            mip_level: 0,
            origin: wgpu::Origin3d { x: 0, y: change.first_row, z: 0 },
            aspect: wgpu::TextureAspect::All,
        };
        let layout =
            wgpu::ImageDataLayout { offset: 0, bytes_per_row: Some(SIDE), rows_per_image: None };
        let height = change.pixels.len() as u32 / SIDE;
        let size = wgpu::Extent3d { width: SIDE, height, depth_or_array_layers: 1 };
        queue.write_texture(copy, change.pixels, layout, size);
    }
}

impl Quads {
    fn with_room(device: &wgpu::Device, room: usize) -> Self {
        let corners = device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: (room * size_of::<Quad>()) as u64,
            usage: wgpu::BufferUsages::VERTEX | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let triangles: Vec<u32> =
            (0..room as u32).flat_map(|n| TRIANGLES.map(|corner| 4 * n + corner)).collect();
        let triangles = device.create_buffer_init(&wgpu::BufferInitDescriptor {
            label: None,
            contents: bytemuck::cast_slice(&triangles),
            usage: wgpu::BufferUsages::INDEX,
        });
        Self { room, corners, triangles }
    }
}
